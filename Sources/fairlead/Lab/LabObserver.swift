import Clocks
import Jitter
import Probing
import Quantities
import Synchronization
import TrafficControl

/// Watches the lab from outside Fairlead: every probe of its own, and every rate that `tc` was seen with.
final class LabObserver: Sendable {
    private struct Seen {
        var probes: [ProbeResult] = []
        var rates: [(at: MonotonicTime, rate: BitRate)] = []
    }
    private let prober: Prober
    private let device: NetworkDevice
    private let enforcer = TrafficControlEnforcer()
    private let seen = Mutex(Seen())

    init(target: ProbeTarget, namespace: String, device: NetworkDevice) throws {
        prober = try Prober(targets: [target], networkNamespace: namespace)
        self.device = device
    }

    /// Collects until cancelled, five times a second.
    func watch() async {
        let clock = ContinuousClock()
        while !Task.isCancelled {
            collect()
            if let state = try? await enforcer.read(device), case .limited(let rate) = state.limit {  // the next look tells more
                seen.withLock { if $0.rates.last?.rate != rate { $0.rates.append((SystemClocks.monotonic(), rate)) } }
            }
            try? await clock.sleep(for: .milliseconds(200))  // ends early only when cancelled
        }
        collect()
        prober.stop()
    }

    private func collect() {
        let results = prober.drain().values.flatMap(\.results)
        seen.withLock { $0.probes += results }
    }

    /// The probes sent in a stretch of time, in order.
    func probes(from: MonotonicTime, to: MonotonicTime) -> [ProbeResult] {
        seen.withLock { seen in seen.probes.filter { $0.sentAt >= from && $0.sentAt < to } }.sorted { $0.sentAt < $1.sentAt }
    }

    /// Every rate seen from an instant on, in order, each as often as it came anew.
    func rates(since from: MonotonicTime) -> [BitRate] { seen.withLock { $0.rates.filter { $0.at >= from }.map(\.rate) } }
}
