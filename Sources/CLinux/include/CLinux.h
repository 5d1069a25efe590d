// Linux calls that Swift's Glibc module does not show (they need _GNU_SOURCE, or are macros or variadic), as typed functions.
// No logic. Every function that can fail answers a negative errno, so that nothing here touches the caller's errno.
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// --- Clocks -----------------------------------------------------------------------------------------------------------
// Nanoseconds of CLOCK_BOOTTIME: never steps, and goes on while the machine is suspended.
int64_t linux_boottime_ns(void);
// Nanoseconds of CLOCK_REALTIME since 1970: may step.
int64_t linux_realtime_ns(void);
// CPU time that the calling thread has used, in nanoseconds.
int64_t linux_thread_cpu_ns(void);

// --- Threads and processes ----------------------------------------------------------------------------------------------
// At most 15 bytes are kept.
int linux_set_thread_name(const char *name);
// The signal that this process gets when the thread that started it ends (0: none).
int linux_set_parent_death_signal(int signal_number);
// Puts the calling thread, and only it, into the network namespace at this path, such as /run/netns/NAME.
int linux_enter_network_namespace(const char *path);

// --- Waiting ------------------------------------------------------------------------------------------------------------
// Number of ready descriptors, 0 at the timeout. A negative timeout waits for ever.
int linux_ppoll(struct pollfd *descriptors, size_t count, int64_t timeout_ns);
// A descriptor that polls readable once signalled, until cleared.
int linux_eventfd(void);
int linux_event_signal(int descriptor);
int linux_event_clear(int descriptor);
int linux_close(int descriptor);

// --- Addresses ----------------------------------------------------------------------------------------------------------
// An IPv4 address stands in the low 32 bits of `low`. A v4-mapped IPv6 address is always given as IPv4.
typedef struct {
    uint64_t high;
    uint64_t low;
    uint32_t scope;
    uint16_t port;
    bool is_ipv6;
} linux_endpoint;

// The numeric address in `text`, or -EINVAL. The port is left at 0.
int linux_parse_address(const char *text, linux_endpoint *endpoint);
// Writes the address, without the port, ended by NUL. 64 bytes are enough.
int linux_format_address(const linux_endpoint *endpoint, char *text, size_t capacity);
// The first address of a name, by getaddrinfo (blocks). -ENOENT where the name has none, -EAGAIN where the resolver is away.
int linux_resolve(const char *name, linux_endpoint *endpoint);

// --- Sockets ------------------------------------------------------------------------------------------------------------
// All are non-blocking and close on exec. They ask for kernel receive timestamps and for the TTL received.
int linux_udp_socket(bool is_ipv6);
int linux_tcp_socket(bool is_ipv6);
// An IPv6 wildcard also takes IPv4. `reuse` sets SO_REUSEADDR.
int linux_bind(int descriptor, const linux_endpoint *endpoint, bool reuse);
int linux_connect(int descriptor, const linux_endpoint *endpoint);
// Says that nothing more will be sent; receiving goes on.
int linux_shutdown_sending(int descriptor);
int linux_listen(int descriptor, int backlog);
int linux_accept(int descriptor, linux_endpoint *peer);
int linux_local_endpoint(int descriptor, linux_endpoint *endpoint);
// The pending error of a socket as a negative errno, 0 for none; reading clears it.
int linux_socket_error(int descriptor);
int linux_set_dscp(int descriptor, bool is_ipv6, int dscp);
int linux_bind_to_device(int descriptor, const char *name);
int linux_set_tcp_no_delay(int descriptor);
// How long sent data may stay unacknowledged before the connection is given up, in milliseconds.
int linux_set_tcp_user_timeout(int descriptor, int milliseconds);
int linux_set_receive_buffer(int descriptor, int bytes);

// What came with a message.
typedef struct {
    linux_endpoint source;
    int64_t realtime_ns;  // when the kernel received it (CLOCK_REALTIME); 0 where it did not say
    int ttl;              // -1 where it did not say
    bool truncated;
} linux_receipt;

// Bytes received (0: end of a stream), or a negative errno.
int64_t linux_receive(int descriptor, void *bytes, size_t capacity, linux_receipt *receipt);
// Never raises SIGPIPE.
int64_t linux_send(int descriptor, const void *bytes, size_t count);
int64_t linux_send_to(int descriptor, const void *bytes, size_t count, const linux_endpoint *endpoint);

const char *linux_error_text(int number);
