#include "host/pcap.h"

#include "base/alloc.h"
#include "host/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 1, SNAP = 65535 };

struct Pcap {
    pthread_mutex_t lock;
    FILE *file;
};

Pcap *pcap_open(const char *path, Error *err)
{
    const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t zone, accuracy, snap, link;
    } head = { 0xa1b2c3d4, 2, 4, 0, 0, SNAP, ETHERNET };
    FILE *f = fopen(path, "we");
    if (!f || fwrite(&head, sizeof head, 1, f) != 1) {
        error_set(err, "%s: %s; name a file that can be written", path, strerror(errno));
        if (f)
            fclose(f);
        return NULL;
    }
    Pcap *p = xalloc(sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    p->file = f;
    return p;
}

void pcap_frame(Pcap *p, const void *frame, size_t len)
{
    int64_t now = clock_wall_ns() / 1000;
    uint32_t kept = len < SNAP ? (uint32_t)len : SNAP;
    const uint32_t head[4] = { (uint32_t)(now / 1000000), (uint32_t)(now % 1000000), kept, (uint32_t)len };
    pthread_mutex_lock(&p->lock);
    fwrite(head, sizeof head, 1, p->file);
    fwrite(frame, 1, kept, p->file);
    fflush(p->file);
    pthread_mutex_unlock(&p->lock);
}

void pcap_close(Pcap *p)
{
    if (!p)
        return;
    fclose(p->file);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
