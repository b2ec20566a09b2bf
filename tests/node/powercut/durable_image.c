/* Keeps an image of what a disk would hold after a power cut.

   Preloaded into a process, it lets all writes through, and copies a file into the image only when
   the process syncs it; a folder's names get there when the folder is synced. Files are known by
   inode and time of birth, since inodes are used again.

   POWERCUT_ROOT   the folder to watch; what is in it when the image is begun counts as synced
   POWERCUT_IMAGE  where the image is kept: KEY.data for a file, KEY.names for a folder, `root`
   POWERCUT_FAIL   if it exists, every sync fails with EIO: a dying disk */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const char *root, *image, *failing;

/* The image would be wrong, and what it shows worth nothing. */
static void give_up(const char *what) {
    perror(what);
    abort();
}

static int key_of(int folder, const char *name, int flags, char *key, mode_t *mode) {
    struct statx found;
    if (statx(folder, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_INO | STATX_TYPE,
              &found))
        return -1;
    sprintf(key, "%llu-%lld-%u", (unsigned long long)found.stx_ino,
            (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    *mode = found.stx_mode;
    return 0;
}

static int image_file(const char *key, const char *suffix, int flags) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", image, key, suffix);
    return open(path, flags | O_CLOEXEC, 0666);
}

/* Copies a file's bytes: what a cut tears here, a cut could tear on a disk. */
static void keep_data(int file, const char *key) {
    static __thread char buffer[1 << 16];
    int copy = image_file(key, ".data", O_WRONLY | O_CREAT);
    if (copy < 0)
        give_up("open a copy");
    off_t place = 0;
    ssize_t got;
    while ((got = pread(file, buffer, sizeof buffer, place)) > 0) {
        if (pwrite(copy, buffer, got, place) != got)
            give_up("write a copy");
        place += got;
    }
    if (got < 0 || ftruncate(copy, place))
        give_up("end a copy");
    close(copy);
}

/* Records a folder's names at once, as a journalling file system does. */
static void keep_names(int folder, const char *key) {
    char temporary[4096], final[4096];
    snprintf(temporary, sizeof temporary, "%s/%s.%d", image, key, gettid());
    snprintf(final, sizeof final, "%s/%s.names", image, key);
    FILE *names = fopen(temporary, "we");
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *open_folder = again < 0 ? NULL : fdopendir(again);
    if (!names || !open_folder)
        give_up("open a record");
    struct dirent *entry;
    while ((entry = readdir(open_folder))) {
        char child[128];
        mode_t mode;
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
            !key_of(folder, entry->d_name, 0, child, &mode) && (S_ISREG(mode) || S_ISDIR(mode)))
            fprintf(names, "%c %s %s\n", S_ISDIR(mode) ? 'd' : 'f', child, entry->d_name);
    }
    closedir(open_folder);
    if (fclose(names) || rename(temporary, final))
        give_up("end a record");
}

/* What was there before the first process began is durable. */
static void keep_all(int folder, const char *key) {
    DIR *open_folder = fdopendir(dup(folder));
    struct dirent *entry;
    if (!open_folder)
        give_up("read a folder");
    while ((entry = readdir(open_folder))) {
        char child[128];
        mode_t mode;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            key_of(folder, entry->d_name, 0, child, &mode) || !(S_ISREG(mode) || S_ISDIR(mode)))
            continue;
        int file = openat(folder, entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0)
            continue;
        if (S_ISDIR(mode))
            keep_all(file, child);
        else
            keep_data(file, child);
        close(file);
    }
    closedir(open_folder);
    keep_names(folder, key);
}

/* A copy: PostgreSQL writes its title over the place where its environment was. */
static const char *named(const char *variable) {
    const char *value = getenv(variable);
    return value ? strdup(value) : NULL;
}

__attribute__((constructor)) static void begin(void) {
    root = named("POWERCUT_ROOT");
    image = named("POWERCUT_IMAGE");
    failing = named("POWERCUT_FAIL");
    if (!root || !image)
        return;
    int first = image_file("root", "", O_WRONLY | O_CREAT | O_EXCL);
    if (first < 0)
        return;
    char key[128];
    mode_t mode;
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || key_of(folder, "", AT_EMPTY_PATH, key, &mode))
        give_up("read the root");
    keep_all(folder, key);
    if (write(first, key, strlen(key)) != (ssize_t)strlen(key))
        give_up("write the root");
    close(first);
    close(folder);
}

static int synced(int file) {
    char link[64], path[4096], key[128];
    mode_t mode;
    if (!image)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) {
        errno = EBADF;
        return -1;
    }
    path[length] = 0;
    if (strncmp(path, root, strlen(root)))
        return 0;
    if (failing && !access(failing, F_OK)) {
        errno = EIO;
        return -1;
    }
    if (key_of(file, "", AT_EMPTY_PATH, key, &mode))
        give_up("name a file");
    if (S_ISDIR(mode))
        keep_names(file, key);
    else if (S_ISREG(mode)) {
        /* The process may have it open for writing alone. */
        int readable = open(link, O_RDONLY | O_CLOEXEC);
        if (readable < 0)
            give_up("read what was synced");
        keep_data(readable, key);
        close(readable);
    }
    return 0;
}

int fsync(int file) { return synced(file); }

int fdatasync(int file) { return synced(file); }

/* Hints that promise nothing. */
int sync_file_range(int file, off_t from, off_t bytes, unsigned flags) {
    (void)file, (void)from, (void)bytes, (void)flags;
    return 0;
}

/* Would sync files that are known by memory or all at once: who relies on it must fail here. */
int msync(void *memory, size_t bytes, int flags) {
    (void)memory, (void)bytes, (void)flags;
    return 0;
}

void sync(void) {}

int syncfs(int file) {
    (void)file;
    return 0;
}
