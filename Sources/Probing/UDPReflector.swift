internal import Clocks
internal import Quantities
internal import Sockets

/// One UDP endpoint on the reflector's thread. Stateless towards the sender (its sequence is repeated), and never sends more
/// than it got.
final class UDPReflector: PollParticipant {
    private struct Packet {
        let reflection: Reflection
        let source: Endpoint
    }

    /// Datagrams taken per wake.
    static let receiveBound = 256

    private let socket: Socket
    private let tally: ReflectorTally
    private var gate: RequestGate
    private var queue: SegmentQueue<Packet>
    /// Longer than a packet, so that a longer datagram is seen to be one.
    private var buffer = [UInt8](repeating: 0, count: 256)
    private var pollIndex = 0

    init(socket: consuming Socket, endpoint: ReflectorEndpoint, tally: ReflectorTally) {
        self.socket = socket
        self.tally = tally
        gate = RequestGate(endpoint: endpoint, tally: tally)
        queue = SegmentQueue(segment: endpoint.segment)
    }

    var deadline: MonotonicTime? { queue.nextRelease }

    func watch(in set: inout PollSet) {
        pollIndex = set.count
        set.insert(socket.descriptor, for: .readable)
    }

    func advance(after set: PollSet, now: MonotonicTime) {
        if !set.readiness(at: pollIndex).isEmpty { receive() }
        while let held = queue.release(at: SystemClocks.monotonic()) { answer(held.packet, heldFor: held.delay) }
    }

    private func receive() {
        for _ in 0..<UDPReflector.receiveBound {
            do {
                guard let receipt = try socket.receive(into: &buffer) else { return }
                let packet = Array(buffer[0..<min(receipt.count, buffer.count)])
                guard let reflection = gate.admit(packet, from: receipt.source, receipt: receipt) else { continue }
                let isOnItsWay = queue.insert(Packet(reflection: reflection, source: receipt.source), arrivedAt: reflection.arrivedAt)
                if !isOnItsWay { tally.count { $0.dropped += 1 } }
            } catch {
                // On an unconnected socket only old ICMP errors come this way, each reported once.
                continue
            }
        }
    }

    private func answer(_ packet: Packet, heldFor hold: Nanoseconds) {
        guard let octets = packet.reflection.answer(heldFor: hold) else { return tally.count { $0.clockStepped += 1 } }
        do {
            let sent = try socket.send(octets, to: packet.source)
            tally.count { if sent == octets.count { $0.replied += 1 } else { $0.sendFailed += 1 } }
        } catch {
            tally.count { $0.sendFailed += 1 }
        }
    }
}
