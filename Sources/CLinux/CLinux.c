#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int outcome(int result) { return result < 0 ? -errno : result; }

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t linux_boottime_ns(void) { return read_clock(CLOCK_BOOTTIME); }
int64_t linux_realtime_ns(void) { return read_clock(CLOCK_REALTIME); }
int64_t linux_thread_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

int linux_set_thread_name(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    return -pthread_setname_np(pthread_self(), kept);
}

int linux_set_parent_death_signal(int signal_number) { return outcome(prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)); }

int linux_enter_network_namespace(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    int result = outcome(setns(descriptor, CLONE_NEWNET));
    close(descriptor);
    return result;
}

int linux_ppoll(struct pollfd *descriptors, size_t count, int64_t timeout_ns) {
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    return outcome(ppoll(descriptors, count, timeout_ns < 0 ? NULL : &timeout, NULL));
}

int linux_eventfd(void) { return outcome(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int linux_event_signal(int descriptor) {
    uint64_t one = 1;
    return write(descriptor, &one, sizeof one) < 0 ? -errno : 0;
}

int linux_event_clear(int descriptor) {
    uint64_t count;
    return read(descriptor, &count, sizeof count) < 0 ? -errno : 0;
}

int linux_close(int descriptor) { return outcome(close(descriptor)); }

// --- Addresses ----------------------------------------------------------------------------------------------------------

static uint64_t big_endian_word(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int index = 0; index < 8; index++) word = word << 8 | bytes[index];
    return word;
}

static void store_big_endian_word(uint64_t word, uint8_t *bytes) {
    for (int index = 7; index >= 0; index--, word >>= 8) bytes[index] = (uint8_t)word;
}

static int from_sockaddr(const struct sockaddr_storage *storage, linux_endpoint *endpoint) {
    memset(endpoint, 0, sizeof *endpoint);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *address = (const struct sockaddr_in *)storage;
        endpoint->low = ntohl(address->sin_addr.s_addr);
        endpoint->port = ntohs(address->sin_port);
        return 0;
    }
    if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)storage;
        const uint8_t *bytes = address->sin6_addr.s6_addr;
        endpoint->port = ntohs(address->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
            endpoint->low = big_endian_word(bytes + 8) & 0xffffffff;
            return 0;
        }
        endpoint->is_ipv6 = true;
        endpoint->high = big_endian_word(bytes);
        endpoint->low = big_endian_word(bytes + 8);
        endpoint->scope = address->sin6_scope_id;
        return 0;
    }
    return -EAFNOSUPPORT;
}

static bool is_ipv6_socket(int descriptor) {
    int domain = AF_INET;
    socklen_t size = sizeof domain;
    getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain == AF_INET6;
}

// The form that the socket's own family wants: IPv4 goes to an IPv6 socket as v4-mapped.
static socklen_t to_sockaddr(const linux_endpoint *endpoint, bool ipv6_socket, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (!endpoint->is_ipv6 && !ipv6_socket) {
        struct sockaddr_in *address = (struct sockaddr_in *)storage;
        address->sin_family = AF_INET;
        address->sin_addr.s_addr = htonl((uint32_t)endpoint->low);
        address->sin_port = htons(endpoint->port);
        return sizeof *address;
    }
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)storage;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(endpoint->port);
    address->sin6_scope_id = endpoint->scope;
    store_big_endian_word(endpoint->high, address->sin6_addr.s6_addr);
    store_big_endian_word(endpoint->is_ipv6 ? endpoint->low : 0xffff00000000 | endpoint->low, address->sin6_addr.s6_addr + 8);
    return sizeof *address;
}

int linux_parse_address(const char *text, linux_endpoint *endpoint) {
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&storage)->sin_addr) == 1) {
        storage.ss_family = AF_INET;
        return from_sockaddr(&storage, endpoint);
    }
    memset(&storage, 0, sizeof storage);
    if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&storage)->sin6_addr) == 1) {
        storage.ss_family = AF_INET6;
        return from_sockaddr(&storage, endpoint);
    }
    return -EINVAL;
}

int linux_format_address(const linux_endpoint *endpoint, char *text, size_t capacity) {
    struct sockaddr_storage storage;
    to_sockaddr(endpoint, endpoint->is_ipv6, &storage);
    const void *bytes = endpoint->is_ipv6 ? (const void *)&((struct sockaddr_in6 *)&storage)->sin6_addr
                                          : (const void *)&((struct sockaddr_in *)&storage)->sin_addr;
    return inet_ntop(storage.ss_family, bytes, text, (socklen_t)capacity) ? 0 : -errno;
}

int linux_resolve(const char *name, linux_endpoint *endpoint) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(name, NULL, &hints, &found);
    if (result != 0) return result == EAI_AGAIN ? -EAGAIN : result == EAI_SYSTEM ? -errno : -ENOENT;
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return from_sockaddr(&storage, endpoint);
}

// --- Sockets ------------------------------------------------------------------------------------------------------------

static int new_socket(bool is_ipv6, int type) {
    int descriptor = socket(is_ipv6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int on = 1, off = 0;
    // Without the first the receiver falls back to its own clock, and without the others to an unknown TTL: no failure.
    setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(descriptor, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    if (is_ipv6) {
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    return descriptor;
}

int linux_udp_socket(bool is_ipv6) { return new_socket(is_ipv6, SOCK_DGRAM); }
int linux_tcp_socket(bool is_ipv6) { return new_socket(is_ipv6, SOCK_STREAM); }

int linux_bind(int descriptor, const linux_endpoint *endpoint, bool reuse) {
    int on = 1;
    if (reuse && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -errno;
    struct sockaddr_storage storage;
    socklen_t size = to_sockaddr(endpoint, is_ipv6_socket(descriptor), &storage);
    return outcome(bind(descriptor, (struct sockaddr *)&storage, size));
}

int linux_connect(int descriptor, const linux_endpoint *endpoint) {
    struct sockaddr_storage storage;
    socklen_t size = to_sockaddr(endpoint, is_ipv6_socket(descriptor), &storage);
    return outcome(connect(descriptor, (struct sockaddr *)&storage, size));
}

int linux_shutdown_sending(int descriptor) { return outcome(shutdown(descriptor, SHUT_WR)); }

int linux_listen(int descriptor, int backlog) { return outcome(listen(descriptor, backlog)); }

int linux_accept(int descriptor, linux_endpoint *peer) {
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    socklen_t size = sizeof storage;
    int accepted = accept4(descriptor, (struct sockaddr *)&storage, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return -errno;
    int on = 1;
    setsockopt(accepted, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    from_sockaddr(&storage, peer);
    return accepted;
}

int linux_local_endpoint(int descriptor, linux_endpoint *endpoint) {
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    socklen_t size = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &size) < 0) return -errno;
    return from_sockaddr(&storage, endpoint);
}

int linux_socket_error(int descriptor) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -errno;
    return -error;
}

int linux_set_dscp(int descriptor, bool is_ipv6, int dscp) {
    int value = dscp << 2;
    if (is_ipv6 && setsockopt(descriptor, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value) < 0) return -errno;
    return outcome(setsockopt(descriptor, IPPROTO_IP, IP_TOS, &value, sizeof value));
}

int linux_bind_to_device(int descriptor, const char *name) {
    return outcome(setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strnlen(name, IFNAMSIZ)));
}

int linux_set_tcp_no_delay(int descriptor) {
    int on = 1;
    return outcome(setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int linux_set_tcp_user_timeout(int descriptor, int milliseconds) {
    return outcome(setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds));
}

int linux_set_receive_buffer(int descriptor, int bytes) {
    return outcome(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes));
}

int64_t linux_receive(int descriptor, void *bytes, size_t capacity, linux_receipt *receipt) {
    union {
        char bytes[256];
        struct cmsghdr alignment;
    } control;
    struct sockaddr_storage source;
    memset(&source, 0, sizeof source);
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {.msg_name = &source, .msg_namelen = sizeof source, .msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    memset(receipt, 0, sizeof *receipt);
    receipt->ttl = -1;
    ssize_t count = recvmsg(descriptor, &message, 0);
    if (count < 0) return -errno;
    receipt->truncated = message.msg_flags & MSG_TRUNC;
    from_sockaddr(&source, &receipt->source);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(header), sizeof time);
            receipt->realtime_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        } else if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TTL) ||
                   (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT)) {
            memcpy(&receipt->ttl, CMSG_DATA(header), sizeof receipt->ttl);
        }
    }
    return count;
}

int64_t linux_send(int descriptor, const void *bytes, size_t count) {
    ssize_t sent = send(descriptor, bytes, count, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

int64_t linux_send_to(int descriptor, const void *bytes, size_t count, const linux_endpoint *endpoint) {
    struct sockaddr_storage storage;
    socklen_t size = to_sockaddr(endpoint, is_ipv6_socket(descriptor), &storage);
    ssize_t sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&storage, size);
    return sent < 0 ? -errno : sent;
}

const char *linux_error_text(int number) {
    const char *text = strerrordesc_np(number);
    return text ? text : "unknown error";
}
