/// Test packets on a stream: two octets of length in network order, then the packet. Only one length is legal.
enum TCPFraming {
    static let headerOctets = 2
    static let frameOctets = headerOctets + STAMPLayout.octets

    static func frame(_ packet: [UInt8]) -> [UInt8] {
        [UInt8(packet.count >> 8), UInt8(packet.count & 0xff)] + packet
    }
}

/// Collects the bytes of a stream into packets. Holds at most one frame.
struct FrameReader {
    private(set) var buffer = [UInt8](repeating: 0, count: TCPFraming.frameOctets)
    private(set) var count = 0

    /// Room for what comes next: never empty.
    mutating func fill<Outcome, Failure: Error>(_ receive: (inout [UInt8], Int) throws(Failure) -> Outcome) throws(Failure) -> Outcome {
        try receive(&buffer, count)
    }

    enum Progress: Equatable {
        case incomplete
        case packet([UInt8])
        /// The length is not that of a test packet: whoever speaks here does not speak to us, and the stream cannot be resumed.
        case malformed
    }

    /// Takes note of `received` more bytes.
    mutating func advance(by received: Int) -> Progress {
        count += received
        if count >= TCPFraming.headerOctets {
            guard Int(buffer[0]) << 8 | Int(buffer[1]) == STAMPLayout.octets else { return .malformed }
        }
        guard count == TCPFraming.frameOctets else { return .incomplete }
        count = 0
        return .packet(Array(buffer[TCPFraming.headerOctets...]))
    }
}

/// Bytes that the kernel would not take yet. Bounded: a peer that does not read is not waited for.
struct PendingOutput {
    static let bound = 64 * TCPFraming.frameOctets
    private(set) var bytes: [UInt8] = []

    /// False where the bound is reached: close the connection.
    mutating func append(_ more: [UInt8]) -> Bool {
        guard bytes.count + more.count <= PendingOutput.bound else { return false }
        bytes += more
        return true
    }
    mutating func removeFirst(_ count: Int) { bytes.removeFirst(count) }
}
