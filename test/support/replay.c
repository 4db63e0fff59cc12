/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay FILE|DIR... - run a fuzz target over inputs without libFuzzer, in any build.
 * The input is copied to memory of its exact size, for sanitizers to watch its ends.
 */
#include "base/mem.h"
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static unsigned n_replayed;

static int replay_file(const char *path, size_t n_bytes)
{
    uint8_t *data = mem_alloc(n_bytes);
    FILE *f = fopen(path, "rb");
    int r = -1;

    if (data != NULL && f != NULL && fread(data, 1, n_bytes, f) == n_bytes) {
        (void)LLVMFuzzerTestOneInput(data, n_bytes);
        n_replayed++;
        r = 0;
    } else {
        perror(path);
    }
    if (f != NULL)
        (void)fclose(f);
    mem_free(data);
    return r;
}

static int replay(const char *path);

static int replay_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    char inside[4096];
    int r = 0;

    if (dir == NULL) {
        perror(path);
        return -1;
    }
    while (r == 0 && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(inside, sizeof inside, "%s/%s", path, e->d_name);
        r = replay(inside);
    }
    (void)closedir(dir);
    return r;
}

static int replay(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        perror(path);
        return -1;
    }
    if (S_ISDIR(info.st_mode))
        return replay_dir(path);
    return replay_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) != 0)
            return 1;
    }
    printf("%u inputs replayed\n", n_replayed);
    return n_replayed == 0;
}
