/* Stands between a process and its disk (LD_PRELOAD): writes down what the process tells the disk about files of one
 * folder, in the order in which it does, so that a test can say what a power cut would have left; and, as long as the
 * file DISK_READ_ONLY exists, refuses every change as a file system does that went read-only; as long as DISK_FULL does,
 * every write as a full one does that keeps old blocks; as long as DISK_UNSYNCED does, every sync as a broken one does.
 *
 * DISK_FOLDER  the folder, without links in it
 * DISK_RECORD  the file that the record is appended to; none: nothing is written down
 *
 * A record: its kind, a number, an offset, a length, then as many bytes.
 *   o file created here or opened (offset 1: it was made now), bytes: its path   w written   t cut to a length
 *   b a sync begins   e it has ended with success   u removed, bytes: its path
 *   l given a second name, bytes: the first, a zero, the second
 * The number is the file's descriptor. Nothing is acknowledged before its record stands. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 65536
static char watched[MOST];
static int record = -1;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *read_only, *unsynced, *full;

/* A copy: some programs write their title over their environment. */
static const char *told(const char *name) {
    const char *value = getenv(name);
    return value ? strdup(value) : NULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DISK_RECORD");
    folder = told("DISK_FOLDER");
    read_only = told("DISK_READ_ONLY");
    unsynced = told("DISK_UNSYNCED");
    full = told("DISK_FULL");
    if (path) {
        int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        record = syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, file);
    }
}

static void note(char kind, int number, int64_t offset, const void *bytes, uint32_t length, uint32_t told) {
    if (record < 0) return;
    char head[17];
    head[0] = kind;
    memcpy(head + 1, &number, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &told, 4);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
    int before = errno;
    pthread_mutex_lock(&one);
    syscall(SYS_writev, record, parts, 2);
    pthread_mutex_unlock(&one);
    errno = before;
}

static int is_ours(const char *path) {
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_watched(int fd) {
    return fd >= 0 && fd < MOST && watched[fd];
}

static int is_set(const char *flag) { return flag && syscall(SYS_faccessat, AT_FDCWD, flag, F_OK) == 0; }

static int is_read_only(void) { return is_set(read_only); }

static int opened(const char *path, int flags, mode_t mode) {
    int ours = is_ours(path), made = 0;
    if (ours) {
        made = (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
        if (((flags & O_ACCMODE) != O_RDONLY || made || (flags & O_TRUNC)) && is_read_only()) {
            errno = EROFS;
            return -1;
        }
    }
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < MOST) {
        watched[fd] = ours;
        if (ours) {
            note('o', fd, made, path, strlen(path), strlen(path));
            if (flags & O_TRUNC) note('t', fd, 0, "", 0, 0);
        }
    }
    return fd;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;                                      \
        va_end(rest);                                                                                                  \
        return opened(path, flags, mode);                                                                              \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (is_watched(fd)) watched[fd] = 0;
    return syscall(SYS_close, fd);
}

static ssize_t written(int fd, const void *bytes, size_t length, int64_t at, int placed) {
    if (is_watched(fd)) {
        if (is_read_only()) {
            errno = EROFS;
            return -1;
        }
        if (is_set(full)) {
            errno = ENOSPC;
            return -1;
        }
        int flags = syscall(SYS_fcntl, fd, F_GETFL);
        if (!placed) at = syscall(SYS_lseek, fd, 0, (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
        note('w', fd, at, bytes, length, length);
    }
    return placed ? syscall(SYS_pwrite64, fd, bytes, length, at) : syscall(SYS_write, fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length) { return written(fd, bytes, length, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return written(fd, bytes, length, at, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return written(fd, bytes, length, at, 1); }

/* Only the first part is written, as a disk may do. */
static ssize_t gathered(int fd, const struct iovec *parts, int count, int64_t at) {
    return count > 0 ? written(fd, parts[0].iov_base, parts[0].iov_len, at, 1) : 0;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return gathered(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return gathered(fd, parts, count, at); }

static int reserved(int fd, int64_t at, int64_t length) {
    if (is_watched(fd) && is_set(full)) return ENOSPC;
    return syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}

int posix_fallocate(int fd, off_t at, off_t length) { return reserved(fd, at, length); }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return reserved(fd, at, length); }

static int cut(int fd, int64_t length) {
    if (is_watched(fd)) {
        if (is_read_only()) {
            errno = EROFS;
            return -1;
        }
        note('t', fd, length, "", 0, 0);
    }
    return syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int synced(int fd, long call) {
    if (!is_watched(fd)) return syscall(call, fd);
    if (is_set(unsynced)) {
        errno = EIO;
        return -1;
    }
    note('b', fd, 0, "", 0, 0);
    int result = syscall(call, fd);
    if (result == 0) note('e', fd, 0, "", 0, 0);
    return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int linkat(int from, const char *path, int to, const char *name, int flags) {
    char both[2 * PATH_MAX];
    if (is_ours(path) && is_ours(name)) {
        if (is_read_only()) {
            errno = EROFS;
            return -1;
        }
        int64_t first = strlen(path), second = strlen(name);
        if (first < PATH_MAX && second < PATH_MAX && syscall(SYS_faccessat, AT_FDCWD, name, F_OK) != 0) {
            memcpy(both, path, first + 1);
            memcpy(both + first + 1, name, second);
            note('l', -1, 0, both, first + 1 + second, first + 1 + second);
        }
    }
    return syscall(SYS_linkat, from, path, to, name, flags);
}

int unlink(const char *path) {
    if (is_ours(path)) {
        if (is_read_only()) {
            errno = EROFS;
            return -1;
        }
        note('u', -1, 0, path, strlen(path), strlen(path));
    }
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
