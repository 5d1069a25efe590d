internal import CLinux
internal import Glibc

/// What the kernel said about a message that was received.
public struct Receipt: Sendable {
    /// Bytes received; 0 on a stream means that the other side closed it.
    public let count: Int
    /// Who sent it; meaningless on a connected stream.
    public let source: Endpoint
    /// When the kernel took it from the device, in nanoseconds of CLOCK_REALTIME; nil where it did not say.
    public let realtimeNanoseconds: Int64?
    /// The TTL or hop limit left when it arrived; nil where the kernel did not say.
    public let timeToLive: UInt8?
    /// The datagram was longer than the buffer.
    public let isTruncated: Bool
}

extension Socket {
    /// Receives one datagram, or what a stream has, into `buffer` (whose length is the bound). Nil where nothing waits.
    public func receive(into buffer: inout [UInt8]) throws(SocketError) -> Receipt? {
        try receive(into: &buffer, from: 0)
    }

    /// The same into the part of `buffer` behind `offset`.
    public func receive(into buffer: inout [UInt8], from offset: Int) throws(SocketError) -> Receipt? {
        precondition(offset < buffer.count, "there must be room to receive into")
        var receipt = linux_receipt()
        let result = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe linux_receive(descriptor, bytes.baseAddress! + offset, bytes.count - offset, &receipt)
        }
        if result == -Int64(EAGAIN) || result == -Int64(EINTR) { return nil }
        guard result >= 0 else { throw SocketError(errno: CInt(-result), context: "receive") }
        return Receipt(
            count: Int(result), source: Endpoint(receipt.source),
            realtimeNanoseconds: receipt.realtime_ns == 0 ? nil : receipt.realtime_ns,
            timeToLive: UInt8(exactly: receipt.ttl), isTruncated: receipt.truncated)
    }

    /// Sends a datagram, or what a stream takes, to the connected peer. Returns the bytes taken; 0 where the send buffer is full.
    public func send(_ bytes: [UInt8], from offset: Int = 0) throws(SocketError) -> Int {
        let result = unsafe bytes.withUnsafeBytes { bytes in
            unsafe linux_send(descriptor, bytes.baseAddress.map { unsafe $0 + offset }, bytes.count - offset)
        }
        return try sent(result)
    }

    /// Sends a datagram to `endpoint`. Returns the bytes taken; 0 where the send buffer is full.
    public func send(_ bytes: [UInt8], to endpoint: Endpoint) throws(SocketError) -> Int {
        var native = endpoint.native
        let result = unsafe bytes.withUnsafeBytes { bytes in
            unsafe linux_send_to(descriptor, bytes.baseAddress, bytes.count, &native)
        }
        return try sent(result)
    }

    private func sent(_ result: Int64) throws(SocketError) -> Int {
        if result == -Int64(EAGAIN) || result == -Int64(EINTR) { return 0 }
        guard result >= 0 else { throw SocketError(errno: CInt(-result), context: "send") }
        return Int(result)
    }
}
