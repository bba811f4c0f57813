# Text, hashes, patterns, floating point.
use strict;
use warnings;

my ($x, %seen) = (7);
for (1 .. 60000) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    $seen{$x % 5003} .= chr(97 + ($x >> 16) % 26);
}
for my $key (sort { $a <=> $b } keys %seen) {
    my $word = $seen{$key};
    my $vowels = () = $word =~ /[aeiou]/g;
    (my $turned = reverse $word) =~ s/([a-m]+)([n-z]+)/$2-$1/g;
    printf "%d %s %s %d %.6f\n", $key, $word, $turned, $vowels, $vowels / (1 + length $word);
}
my $sum = 0;
$sum += ($_ % 2 ? -1 : 1) / (2 * $_ + 1) for 0 .. 300000;
printf "%.12f %s\n", 4 * $sum, join ' ', map { sprintf '%x', $_ * $_ ^ 0x5a5a } 1 .. 300;
print pack('N*', map { $_ * 40503 & 0xffffffff } 1 .. 2000);
