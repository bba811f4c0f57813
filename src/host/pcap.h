/* Frames written to a file for Wireshark and tcpdump (libpcap's file format, version 2.4). Any thread. */
#pragma once
#include "base/error.h"
#include <stddef.h>

typedef struct Pcap Pcap;
Pcap *pcap_open(const char *path, Error *);
void pcap_frame(Pcap *, const void *frame, size_t len);
void pcap_close(Pcap *); /* NULL: nothing */
