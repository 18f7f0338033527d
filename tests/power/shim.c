/* What a process does to the files below one folder: recorded call by call, or failing once.

   Loaded with LD_PRELOAD into the process that command lines are forked from, and idle until `shim_begin`. One lock
   around each call and its record keeps the record in the order in which the kernel saw the calls. Files that were open
   before `shim_begin`, and those elsewhere, are no concern of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN, WRITE, TRUNCATE, RENAME, UNLINK, MKDIR, RMDIR, SYNC, SYNC_ALL, LINK };
enum { DESCRIPTORS = 65536, PATHS = 2 * PATH_MAX, SHORT = -1 };

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static int journal = -1;
static long fault_at = -1, calls;
static int fault;
static unsigned char watched[DESCRIPTORS];

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* Record what happens below `folder` in the file `journal_path`, and let call number `at` (-1: none) fail with `how`. */
void shim_begin(const char *folder, const char *journal_path, long at, int how) {
    snprintf(root, sizeof root, "%s", folder);
    fault_at = at;
    fault = how;
    if (*journal_path) journal = open(journal_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int below(const char *path) {
    size_t length = strlen(root);
    return length && strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

static const char *absolute(int folder, const char *path, char *into) {
    char link[64];
    if (!*root || *path == '/') return path;
    if (folder == AT_FDCWD) {
        if (!getcwd(into, PATH_MAX)) return path;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, into, PATH_MAX - 1);
        if (length < 0) return path;
        into[length] = 0;
    }
    strcat(into, "/");
    return strncat(into, path, PATH_MAX - 1);
}

static int is_watched(int file) { return file >= 0 && file < DESCRIPTORS && watched[file]; }

static void all(const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    for (const char *at = data; size;) {
        ssize_t done = real(journal, at, size);
        if (done <= 0) abort();
        at += done;
        size -= (size_t)done;
    }
}

static void note(int what, int file, int64_t at, const char *path, const char *other, const void *data, int64_t size) {
    int saved = errno;
    if (journal >= 0) {
        int32_t words[4] = {what, file, path ? (int32_t)strlen(path) : 0, other ? (int32_t)strlen(other) : 0};
        int64_t sizes[2] = {at, size};
        all(words, sizeof words);
        all(sizes, sizeof sizes);
        if (path) all(path, (size_t)words[2]);
        if (other) all(other, (size_t)words[3]);
        if (data) all(data, (size_t)size);
    }
    errno = saved;
}

/* Whether this call, which changes something below the root, is the one to fail; a short write fails otherwise. */
static int fails(int can_be_short) {
    if (calls++ != fault_at) return 0;
    if (fault == SHORT) return can_be_short;
    errno = fault;
    return 1;
}

#define ENTER pthread_mutex_lock(&guard)
#define LEAVE(result) do { int saved_ = errno; pthread_mutex_unlock(&guard); errno = saved_; return result; } while (0)

static int opened(int (*real)(int, const char *, int, ...), int folder, const char *path, int flags, mode_t mode) {
    char into[PATHS];
    if (!*root) return real(folder, path, flags, mode);
    const char *name = absolute(folder, path, into);
    ENTER;
    int here = below(name);
    if (here && flags & (O_CREAT | O_TRUNC) && fails(0)) LEAVE(-1);
    int file = real(folder, path, flags, mode);
    if (file >= 0 && file < DESCRIPTORS) watched[file] = (unsigned char)here;
    if (file >= 0 && here) note(OPEN, file, flags, name, NULL, NULL, 0);
    LEAVE(file);
}

#define MODE mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
#define OPENS(name) int name(const char *path, int flags, ...) { \
    MODE REAL(int, "openat", int, const char *, int, ...); return opened(real, AT_FDCWD, path, flags, mode); }
#define OPENS_AT(name) int name(int folder, const char *path, int flags, ...) { \
    MODE REAL(int, "openat", int, const char *, int, ...); return opened(real, folder, path, flags, mode); }
OPENS(open)
OPENS(open64)
OPENS(__open_2)
OPENS(__open64_2)
OPENS_AT(openat)
OPENS_AT(openat64)
OPENS_AT(__openat_2)
OPENS_AT(__openat64_2)
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!is_watched(file)) return real(file, data, size);
    ENTER;
    if (fails(size > 1)) {
        if (fault != SHORT) LEAVE(-1);
        size /= 2;
    }
    ssize_t done = real(file, data, size);
    if (done > 0) note(WRITE, file, lseek(file, 0, SEEK_CUR) - done, NULL, NULL, data, done);
    LEAVE(done);
}

static ssize_t written_at(int file, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (!is_watched(file)) return real(file, data, size, at);
    ENTER;
    if (fails(size > 1)) {
        if (fault != SHORT) LEAVE(-1);
        size /= 2;
    }
    ssize_t done = real(file, data, size, at);
    if (done > 0) note(WRITE, file, at, NULL, NULL, data, done);
    LEAVE(done);
}
ssize_t pwrite(int file, const void *data, size_t size, off_t at) { return written_at(file, data, size, at); }
ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) { return written_at(file, data, size, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return is_watched(file) ? write(file, parts[0].iov_base, parts[0].iov_len) : real(file, parts, count);
}

static ssize_t sent(int file, int from, off64_t *at, size_t size) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    if (!is_watched(file)) return real(file, from, at, size);
    ENTER;
    if (fails(size > 1)) {
        if (fault != SHORT) LEAVE(-1);
        size = size > 64 ? 64 : size / 2;
    }
    off64_t start = at ? *at : lseek(from, 0, SEEK_CUR);
    ssize_t done = real(file, from, at, size);
    if (done > 0) {
        char *data = malloc((size_t)done);
        if (!data || pread64(from, data, (size_t)done, start) != done) abort();
        note(WRITE, file, lseek(file, 0, SEEK_CUR) - done, NULL, NULL, data, done);
        free(data);
    }
    LEAVE(done);
}
ssize_t sendfile(int file, int from, off_t *at, size_t size) { return sent(file, from, at, size); }
ssize_t sendfile64(int file, int from, off64_t *at, size_t size) { return sent(file, from, at, size); }
ssize_t copy_file_range(int from, off64_t *at, int file, off64_t *to, size_t size, unsigned flags) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    if (!is_watched(file)) return real(from, at, file, to, size, flags);
    errno = ENOSYS; /* whoever copies so falls back on what is recorded */
    return -1;
}

static int truncated(int file, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    if (!is_watched(file)) return real(file, size);
    ENTER;
    if (fails(0)) LEAVE(-1);
    int done = real(file, size);
    if (!done) note(TRUNCATE, file, size, NULL, NULL, NULL, 0);
    LEAVE(done);
}
int ftruncate(int file, off_t size) { return truncated(file, size); }
int ftruncate64(int file, off64_t size) { return truncated(file, size); }

/* Room that is set aside is a longer file of zeros; whoever asks for it can do without. */
int fallocate(int file, int mode, off_t at, off_t size) {
    REAL(int, "fallocate", int, int, off_t, off_t);
    if (!is_watched(file)) return real(file, mode, at, size);
    errno = EOPNOTSUPP;
    return -1;
}
int fallocate64(int file, int mode, off64_t at, off64_t size) { return fallocate(file, mode, at, size); }
int posix_fallocate(int file, off_t at, off_t size) {
    REAL(int, "posix_fallocate", int, off_t, off_t);
    return is_watched(file) ? EINVAL : real(file, at, size);
}
int posix_fallocate64(int file, off64_t at, off64_t size) { return posix_fallocate(file, at, size); }

#define SYNCS(name) int name(int file) { \
    REAL(int, #name, int); \
    if (!is_watched(file)) return real(file); \
    ENTER; \
    if (fails(0)) LEAVE(-1); \
    note(SYNC, file, 0, NULL, NULL, NULL, 0); \
    LEAVE(0); } /* the disk of this machine need not do what nobody will take the power from */
SYNCS(fsync)
SYNCS(fdatasync)
int syncfs(int file) {
    REAL(int, "syncfs", int);
    if (!is_watched(file)) return real(file);
    ENTER;
    if (fails(0)) LEAVE(-1);
    note(SYNC_ALL, file, 0, NULL, NULL, NULL, 0);
    LEAVE(0);
}
void sync(void) {
    ENTER;
    if (*root) note(SYNC_ALL, -1, 0, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&guard);
}

static int two(int what, const char *name, int one, const char *path, int other, const char *target, int flags) {
    char first[PATHS], second[PATHS];
    const char *from = absolute(one, path, first), *to = absolute(other, target, second);
    ENTER;
    int here = below(from) || below(to);
    if (here && fails(0)) LEAVE(-1);
    int done;
    if (what == RENAME) {
        REAL(int, name, int, const char *, int, const char *, unsigned);
        done = real(one, path, other, target, (unsigned)flags);
    } else {
        REAL(int, name, int, const char *, int, const char *, int);
        done = real(one, path, other, target, flags);
    }
    if (!done && here) note(what, -1, 0, from, to, NULL, 0);
    LEAVE(done);
}
int rename(const char *path, const char *target) { return two(RENAME, "renameat2", AT_FDCWD, path, AT_FDCWD, target, 0); }
int renameat(int one, const char *path, int other, const char *target) { return two(RENAME, "renameat2", one, path, other, target, 0); }
int renameat2(int one, const char *path, int other, const char *target, unsigned flags) {
    return two(RENAME, "renameat2", one, path, other, target, (int)flags);
}
int link(const char *path, const char *target) { return two(LINK, "linkat", AT_FDCWD, path, AT_FDCWD, target, 0); }
int linkat(int one, const char *path, int other, const char *target, int flags) {
    return two(LINK, "linkat", one, path, other, target, flags);
}

int unlinkat(int folder, const char *path, int flags) {
    char into[PATHS];
    REAL(int, "unlinkat", int, const char *, int);
    const char *name = absolute(folder, path, into);
    ENTER;
    int here = below(name);
    if (here && fails(0)) LEAVE(-1);
    int done = real(folder, path, flags);
    if (!done && here) note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, -1, 0, name, NULL, NULL, 0);
    LEAVE(done);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    int done = unlinkat(AT_FDCWD, path, 0);
    return done && errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : done;
}

int mkdirat(int folder, const char *path, mode_t mode) {
    char into[PATHS];
    REAL(int, "mkdirat", int, const char *, mode_t);
    const char *name = absolute(folder, path, into);
    ENTER;
    int here = below(name);
    if (here && fails(0)) LEAVE(-1);
    int done = real(folder, path, mode);
    if (!done && here) note(MKDIR, -1, 0, name, NULL, NULL, 0);
    LEAVE(done);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
