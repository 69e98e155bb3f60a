/* Each fsync and fdatasync takes SLOW_SYNC_US longer, as on a disk that is no fast one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void linger(void)
{
    const char *told = getenv("SLOW_SYNC_US");
    long us = told ? atol(told) : 0;
    struct timespec span = { us / 1000000, us % 1000000 * 1000 };
    nanosleep(&span, NULL);
}

#define SLOW(name)                                                  \
    int name(int file)                                              \
    {                                                               \
        static int (*real)(int);                                    \
        if (!real)                                                  \
            real = (int (*)(int))dlsym(RTLD_NEXT, #name);           \
        linger();                                                   \
        return real(file);                                          \
    }

SLOW(fsync)
SLOW(fdatasync)
