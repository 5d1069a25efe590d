import Allocation
import Glibc
import JSONDocument
import Quantities

/// One instance, measured: medians of processor time on one core, in microseconds.
struct AllocateMeasurement {
    let instance: String
    let demands: Int
    let resources: Int
    let pathEntries: Int
    let isFeasible: Bool
    /// Checking the lists, ordering them and laying them out, once.
    let prepare: Double
    /// From the laid-out instance to the answer, certificate checked.
    let solve: Double
    /// The check alone, which is part of `solve`.
    let certify: Double
    let readFloor: Double
    let scatterFloor: Double
    let incremental: IncrementalMeasurement?

    var ratio: Double { solve / scatterFloor }

    /// Repeats so often that a median means something, and small instances longer.
    static func of(_ input: BenchInstance, changes: Int) -> AllocateMeasurement {
        let start = processorTime()
        guard let instance = try? AllocationInstance(resources: input.resources, demands: input.demands) else {
            preconditionFailure("the benchmark makes valid instances")
        }
        let prepare = processorTime() - start
        let repeats = max(5, min(401, 4_000_000 / max(1, input.demands.count)))
        var solver = AllocationSolver()
        var result = AllocationResult()
        solver.solve(instance, into: &result)
        let solve = median(repeats) { solver.solve(instance, into: &result) }
        let certify = median(repeats) {
            do throws(CertificateViolation) { try solver.verify(instance, result) } catch { preconditionFailure("\(error)") }
        }
        var floor = AllocationFloor(instance)
        let scatter = median(repeats) { floor.scatter() }
        let read = median(repeats) { floor.read() }
        return AllocateMeasurement(
            instance: input.name, demands: input.demands.count, resources: input.resources.count, pathEntries: floor.entryCount,
            isFeasible: result.isFeasible, prepare: prepare, solve: solve, certify: certify, readFloor: read, scatterFloor: scatter,
            incremental: changes > 0 ? IncrementalMeasurement.of(instance, changes: changes) : nil)
    }

    static func median(_ repeats: Int, _ body: () -> Void) -> Double {
        var times = (0..<repeats).map { _ in
            let start = processorTime()
            body()
            return processorTime() - start
        }
        times.sort()
        return times[repeats / 2]
    }

    /// Processor time of this thread: what other processes take meanwhile does not count. Unit: microseconds.
    static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    var json: JSONValue {
        [
            "instance": .string(instance), "demands": .integer(demands), "resources": .integer(resources),
            "path_entries": .integer(pathEntries), "feasible": .bool(isFeasible), "prepare_us": Self.number(prepare),
            "solve_us": Self.number(solve), "certify_us": Self.number(certify),
            "incremental_us": incremental.map { Self.number($0.median) } ?? .null,
            "incremental_p99_us": incremental.map { Self.number($0.p99) } ?? .null,
            "incremental_touched_ppm": .optional(incremental.map { Int64($0.touched * 1_000_000) }),
            "incremental_full_solves": .optional(incremental.map { Int64($0.fullSolves) }),
            "read_floor_us": Self.number(readFloor), "scatter_floor_us": Self.number(scatterFloor),
            "ratio_to_scatter": Self.number(ratio),
        ]
    }

    /// Two digits behind the point.
    static func number(_ value: Double) -> JSONValue {
        let hundredths = Int64(value * 100 + 0.5)
        let rest = hundredths % 100
        return .number("\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)")
    }
}

/// Seeded random changes, one after another, of all seven kinds in turn.
struct IncrementalMeasurement {
    let median: Double
    let p99: Double
    /// The part of all demands that a change reached, on average.
    let touched: Double
    let fullSolves: Int

    static func of(_ instance: AllocationInstance, changes count: Int) -> IncrementalMeasurement {
        var allocation = IncrementalAllocation(instance)
        var changes = BenchChanges(instance)
        var times: [Double] = []
        var touched = 0
        var fullSolves = 0
        for index in 0..<count {
            let change = changes.next(index)
            let start = AllocateMeasurement.processorTime()
            guard let effort = try? allocation.apply(change) else { preconditionFailure("the benchmark makes possible changes") }
            times.append(AllocateMeasurement.processorTime() - start)
            touched += effort.touched
            fullSolves += effort.isFull ? 1 : 0
        }
        times.sort()
        return IncrementalMeasurement(
            median: times[count / 2], p99: times[count * 99 / 100],
            touched: Double(touched) / Double(count) / Double(max(1, allocation.demandCount)), fullSolves: fullSolves)
    }
}

/// A source of changes that knows what is there.
struct BenchChanges {
    private let resources: [AllocationResource]
    private var demands: [AllocationDemand]
    private var generator = BenchGenerator(seed: 99)

    init(_ instance: AllocationInstance) {
        resources = instance.resources
        demands = instance.demands
    }

    mutating func next(_ index: Int) -> AllocationChange {
        let place = Int.random(in: demands.indices, using: &generator)
        let demand = demands[place]
        switch index % 7 {
        case 0:
            let most = min(3_000_000, demand.maximum?.bitsPerSecond ?? .max)
            return .minimum(demand: demand.id, BitRate(bitsPerSecond: Int64.random(in: 0...most, using: &generator)))
        case 1:
            // Minimums are at most 4 Mbit/s.
            return .maximum(demand: demand.id, BitRate(bitsPerSecond: Int64.random(in: 4_000_000...90_000_000, using: &generator)))
        case 2: return .weight(demand: demand.id, Int64.random(in: 500_000...8_000_000, using: &generator))
        case 3: return .tier(demand: demand.id, Int.random(in: 0...2, using: &generator))
        case 4:
            let new = AllocationDemand(
                id: "new-\(index)", cluster: demand.cluster, resources: demand.resources, minimum: .zero, maximum: .megabits(50),
                weight: demand.weight, tier: demand.tier)
            demands.append(new)
            return .add(new)
        case 5:
            demands.swapAt(place, demands.count - 1)
            demands.removeLast()
            return .remove(demand: demand.id)
        default:
            let resource = resources[Int.random(in: resources.indices, using: &generator)]
            let thousandths = Int64.random(in: 700...1_300, using: &generator)
            return .capacity(kind: resource.kind, id: resource.id, resource.capacity.scaled(thousandths: thousandths))
        }
    }
}
