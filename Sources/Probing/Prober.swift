internal import Clocks
internal import Cryptography
public import Quantities
internal import Sockets

/// Sends probes to all its targets from one thread of ours, and keeps what they learned until it is drained.
///
/// Waking costs far more than sending, so one thread serves every flow of a cluster, and targets of one interval share four
/// instants of it: few wakes, and no burst that would queue behind itself. A target's place in its group never changes, so what
/// little it waits for the others is part of its base delay.
public final class Prober: Sendable {
    /// The most targets of one prober: what a single `ppoll` still serves cheaply.
    public static let targetBound = 256

    /// Into how many instants of their interval the targets are spread.
    private static let phases = 4

    private let journals: [FlowID: ProbeJournal]
    private let stopSignal: EventSignal
    private let threads: [OwnedThread]

    /// Starts probing. Throws where two targets share a flow, a value is out of range, or the system gives no thread; an address
    /// that cannot be had or reached is no such error, but `ProbeBatch.trouble`, or loss.
    /// `networkNamespace` is the path of a namespace to probe from, such as `/run/netns/robot`.
    public init(targets: [ProbeTarget], networkNamespace: String? = nil) throws(ProbingError) {
        if targets.count > Prober.targetBound { throw .misconfigured("at most \(Prober.targetBound) flows are probed, not \(targets.count)") }
        var journals: [FlowID: ProbeJournal] = [:]
        for target in targets {
            if let problem = target.problem { throw .misconfigured(problem) }
            if journals.updateValue(ProbeJournal(), forKey: target.flow) != nil {
                throw .misconfigured("\(target.flow): the flow has two probe targets")
            }
        }
        self.journals = journals
        do {
            stopSignal = try EventSignal()
        } catch {
            throw .system(error, "the prober cannot start")
        }
        threads = try Prober.startThreads(for: targets, journals: journals, networkNamespace: networkNamespace, stop: stopSignal)
    }

    deinit { stop() }

    /// What came in since the last call, by flow. Cheap; call it once per tick.
    public func drain() -> [FlowID: ProbeBatch] { journals.mapValues { $0.drain() } }

    /// Ends the thread. Probes under way are forgotten. Later calls do nothing.
    public func stop() {
        stopSignal.raise()
        for thread in threads { thread.join() }
    }

    private static func startThreads(
        for targets: [ProbeTarget], journals: [FlowID: ProbeJournal], networkNamespace: String?, stop: EventSignal
    ) throws(ProbingError) -> [OwnedThread] {
        let hosts = HostDirectory(hosts: targets.map(\.host))
        var threads: [OwnedThread] = []
        do {
            if !hosts.names.isEmpty {
                threads.append(
                    try OwnedThread.start(name: "probe-names", networkNamespace: networkNamespace) { started in
                        started(nil)
                        hosts.keepFresh(until: stop)
                    })
            }
            threads.append(
                try OwnedThread.start(name: "probe", networkNamespace: networkNamespace) { started in
                    let participants = Prober.participants(for: targets, hosts: hosts, journals: journals)
                    started(nil)
                    runPollLoop(participants, until: stop)
                })
            return threads
        } catch {
            // The one that did start must not outlive the prober that never was.
            stop.raise()
            for thread in threads { thread.join() }
            throw .system(error, "the prober cannot start")
        }
    }

    private static func participants(
        for targets: [ProbeTarget], hosts: HostDirectory, journals: [FlowID: ProbeJournal]
    ) -> [any PollParticipant] {
        let start = SystemClocks.monotonic()
        return targets.enumerated().compactMap { index, target -> (any PollParticipant)? in
            guard let journal = journals[target.flow] else { return nil }
            let seed = secureRandomBytes(count: 6).map { UInt32($0) }
            let session = ProbeSession(
                session: UInt16(seed[0] << 8 | seed[1]), firstSequence: seed[2] << 24 | seed[3] << 16 | seed[4] << 8 | seed[5],
                interval: target.interval, timeout: target.timeout)
            let first = start + Nanoseconds(target.interval.count * Int64(index % phases) / Int64(phases))
            return switch target.transport {
            case .udp: UDPProbe(target: target, hosts: hosts, journal: journal, session: session, firstProbe: first)
            case .tcp: TCPProbe(target: target, hosts: hosts, journal: journal, session: session, firstProbe: first)
            }
        }
    }
}
