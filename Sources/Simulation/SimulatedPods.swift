import Quantities

/// One cluster's managed Pods behind its API server: conditional writes over what was read, as the API server does them.
struct SimulatedPods: Sendable {
    struct Pod: Sendable, Equatable {
        let uid: Int
        /// The limit that stands on it; nil for none: it then sends without limit.
        var limit: BitRate?
        /// Our last writer, as it stands there.
        var decision: String?
        var term: Int64?
        var version: Int
        /// The limit is not of our writing.
        var isForeign = false
    }
    /// Whose write it is.
    enum Rule: Sendable {
        /// A shipper's: over a newer term it lowers only, and leaves the term; and it raises only what was decided as a raise.
        case lowerOnly(isRaise: Bool)
        /// The centre's: nothing is written over a newer term, and a raise is asked about.
        case refuse(mayRaise: @Sendable (String?) -> Bool)

        /// - Parameter writer: what stands as the last writer of a Pod whose limit would rise.
        func allowsRaise(over writer: String?) -> Bool {
            switch self {
            case .lowerOnly(let isRaise): isRaise
            case .refuse(let mayRaise): mayRaise(writer)
            }
        }
    }
    /// One Pod's write, computed from what was read.
    struct Write: Sendable {
        let read: Pod
        let limit: BitRate
        let term: Int64
        var isBrake: Bool { read.limit.map { limit < $0 } ?? true }
    }
    enum Outcome: Int, Comparable, Sendable {
        // The worst first: it speaks for the workload.
        case lostRace, applied, gone
        static func < (left: Outcome, right: Outcome) -> Bool { left.rawValue < right.rawValue }
    }

    /// By workload, in the configuration's order.
    private(set) var workloads: [[Pod]]
    private var nextUID = 1
    private var nextVersion = 1
    /// The lowest rate that is written on a Pod.
    static let smallest = BitRate(bitsPerSecond: 1_000)

    init(replicas: [Int]) {
        workloads = []
        for count in replicas { workloads.append((0..<count).map { _ in newPod() }) }
    }

    private mutating func newPod() -> Pod {
        defer { nextUID += 1 }
        return Pod(uid: nextUID, limit: nil, decision: nil, term: nil, version: 0)
    }

    // MARK: - What is read

    /// The sum of the limits of a workload's Pods; nil where one has none.
    func limit(of workload: Int) -> BitRate? {
        var sum = BitRate.zero
        for pod in workloads[workload] {
            guard let limit = pod.limit else { return nil }
            sum = sum + limit
        }
        return sum
    }
    func term(of workload: Int) -> Int64 { workloads[workload].reduce(0) { max($0, $1.term ?? 0) } }
    /// Whether a limit of somebody else stands on one of its Pods, or none.
    func isForeign(_ workload: Int) -> Bool { workloads[workload].contains { $0.isForeign || $0.limit == nil } }

    // MARK: - What is written

    /// What would be written on each Pod as it stands now, lowerings first; nil for those left alone, with the word for why.
    func writes(of desired: BitRate, to workload: Int, term: Int64, _ rule: Rule) -> (writes: [Write], heldBack: Int) {
        let pods = workloads[workload]
        guard !pods.isEmpty else { return ([], 0) }
        let share = max(SimulatedPods.smallest, BitRate(bitsPerSecond: desired.bitsPerSecond / Int64(pods.count)))
        var (writes, heldBack): ([Write], Int) = ([], 0)
        for pod in pods {
            var written = Write(read: pod, limit: share, term: term)
            if let newer = pod.term, newer > term {
                guard case .lowerOnly = rule, written.isBrake else {
                    heldBack += 1
                    continue
                }
                written = Write(read: pod, limit: share, term: newer)
            }
            if pod.limit == share, pod.term == written.term, pod.decision != nil { continue }
            if let limit = pod.limit, limit < share, !rule.allowsRaise(over: pod.decision) {
                heldBack += 1
                continue
            }
            writes.append(written)
        }
        return (writes.filter(\.isBrake) + writes.filter { !$0.isBrake }, heldBack)
    }

    /// Carries out one write if what was read still stands there. A brake that lost its race reads again and tries anew.
    mutating func carryOut(_ write: Write, on workload: Int, decision: String) -> Outcome {
        guard let place = workloads[workload].firstIndex(where: { $0.uid == write.read.uid }) else { return .gone }
        let pod = workloads[workload][place]
        if !SimulatedPods.stands(write.read, in: pod) {
            let isBrake = write.isBrake && (pod.limit.map { write.limit < $0 } ?? true)
            guard isBrake else { return .lostRace }
        }
        nextVersion += 1
        workloads[workload][place].limit = write.limit
        workloads[workload][place].decision = decision
        workloads[workload][place].term = max(write.term, pod.term ?? 0)
        workloads[workload][place].version = nextVersion
        workloads[workload][place].isForeign = false
        return .applied
    }

    /// The `test` of a JSON Patch: both annotations of ours where they stand, else the resource version.
    private static func stands(_ read: Pod, in pod: Pod) -> Bool {
        guard read.decision != nil, read.term != nil else { return read.version == pod.version }
        return read.decision == pod.decision && read.term == pod.term
    }

    /// Writes a term on every Pod that was read. False where one was changed since.
    mutating func claim(_ read: [[Pod]], term: Int64) -> Bool {
        var isWhole = true
        for (workload, pods) in read.enumerated() {
            for pod in pods {
                guard let place = workloads[workload].firstIndex(where: { $0.uid == pod.uid }) else { continue }
                let now = workloads[workload][place]
                if let standing = now.term, standing >= term {
                    isWhole = isWhole && standing == term
                    continue
                }
                guard SimulatedPods.stands(pod, in: now) else {
                    isWhole = false
                    continue
                }
                nextVersion += 1
                workloads[workload][place].term = term
                workloads[workload][place].version = nextVersion
            }
        }
        return isWhole
    }

    // MARK: - What befalls them

    /// A Pod dies and another takes its place, without any annotation.
    mutating func replace(_ workload: Int, pod: Int) {
        guard !workloads[workload].isEmpty else { return }
        workloads[workload][pod % workloads[workload].count] = newPod()
    }
    mutating func scale(_ workload: Int, to replicas: Int) {
        while workloads[workload].count > replicas { workloads[workload].removeLast() }
        while workloads[workload].count < replicas { workloads[workload].append(newPod()) }
    }
    /// Somebody else writes the limit alone.
    mutating func writeForeign(_ workload: Int, pod: Int, limit: BitRate) {
        guard !workloads[workload].isEmpty else { return }
        nextVersion += 1
        let place = pod % workloads[workload].count
        workloads[workload][place].limit = limit
        workloads[workload][place].version = nextVersion
        workloads[workload][place].isForeign = true
    }
}
