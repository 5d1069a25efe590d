import Alerter
import Coordinator
import Events
import Quantities
import Shipper

/// Who sent a request, and in which of its lives.
enum LogClient: Hashable, Sendable {
    case shipper(Int, life: Int)
    case coordinator(Int, life: Int)
    case alerter(Int, life: Int)
}

/// One request on its way.
struct LogFlight: Sendable {
    var id: Int
    var client: LogClient
    var request: LogRequest
    var sentAt: MonotonicTime
    /// A copy that the network made: nobody waits for its answer.
    var isCopy = false
    /// Its writer has been told already that nothing came.
    var isGivenUp = false
}

/// The network between the processes and the log, and the log itself.
extension FleetSimulation {
    /// How long a writer waits for an answer.
    static let patience = Nanoseconds.seconds(5)

    private func faults(at client: LogClient) -> FaultSet {
        switch client {
        case .shipper(let index, _): sites[index].faults
        case .coordinator(let index, _): centres[index].faults
        case .alerter(let index, _): alerters[index].faults
        }
    }

    mutating func send(_ request: LogRequest, from client: LogClient) {
        let faults = faults(at: client)
        var flight = LogFlight(id: nextFlight(), client: client, request: request, sentAt: now.monotonic)
        wait(for: flight)
        var span = latency(upTo: 10)
        if faults.contains(.delay) { span = span + .milliseconds(Int64(random.below(3_000))) }
        if faults.contains(.reorder) { span = span + .milliseconds(Int64(random.below(12_000))) }
        let isLost = !faults.isDisjoint(with: [.partition, .requestsLost]) || (faults.contains(.loss) && random.below(3) == 0)
        if faults.contains(.duplication) {
            var copy = flight
            copy.isCopy = true
            schedule(.arrives(copy), after: span + .milliseconds(Int64(random.below(8_000))))
        }
        if isLost || span >= FleetSimulation.patience {
            schedule(.gaveUp(flight), after: FleetSimulation.patience)
            flight.isGivenUp = true
        }
        if !isLost { schedule(.arrives(flight), after: span) }
    }

    private mutating func nextFlight() -> Int {
        central.flights += 1
        return central.flights
    }
    private mutating func wait(for flight: LogFlight) {
        switch flight.client {
        case .shipper(let index, _): sites[index].flight = flight.id
        case .coordinator(let index, _): centres[index].flight = flight.id
        case .alerter(let index, _): alerters[index].flight = flight.id
        }
    }

    mutating func arrives(_ flight: LogFlight) {
        guard !central.isDown else {
            if !flight.isCopy && !flight.isGivenUp { schedule(.gaveUp(flight), after: .milliseconds(50)) }
            return
        }
        // What a shipper sends was mostly read when its disk had it.
        var batch: InvariantChecker.ReadBatch?
        if case .shipper(let index, _) = flight.client { batch = checker.batchesRead[index] }
        let answer = log.apply(flight.request, nonce: Int64(random.next() >> 1)) { [batch] in batch?.entry($0) }
        checker.log(log, took: flight.request, answered: answer)
        let time = central.clock.read(now).wall
        switch answer {
        case .opened(let claim, _, _):
            central.opened(flight.request.stream)
            if flight.request.stream == .coordinator { central.leases.coordinatorEpoch = claim.epoch }
            if flight.request.stream == .alerter { central.leases.alerterEpoch = claim.epoch }
        case .stored(let head, _):
            central.stored(in: flight.request.stream, upTo: head.sequence, at: time)
            guard case .append = flight.request, let stored = log.newestStored else { break }
            checker.log(stored: central.note(stored.entries, firstSequence: stored.firstSequence, in: stored.stream), sites)
        default: break
        }
        guard !flight.isCopy, !flight.isGivenUp else { return }
        let faults = faults(at: flight.client)
        var span = latency(upTo: 10)
        if faults.contains(.delay) { span = span + .milliseconds(Int64(random.below(3_000))) }
        let left = flight.sentAt + FleetSimulation.patience - now.monotonic
        let isLost = !faults.isDisjoint(with: [.partition, .answersLost]) || (faults.contains(.loss) && random.below(3) == 0)
        if isLost || span >= left { schedule(.gaveUp(flight), after: left) } else { schedule(.answered(flight, answer), after: span) }
    }

    /// - Parameter answer: nil where the writer gave up.
    mutating func answered(_ flight: LogFlight, _ answer: LogAnswer?) {
        switch flight.client {
        case .shipper(let index, let life):
            guard sites[index].life == life, sites[index].flight == flight.id else { return }
            sites[index].flight = nil
            if let answer { checker.shipper(index, heard: answer, askedAt: flight.sentAt) }
            step(shipper: index, answer.map { .logAnswered($0) } ?? .logUnreachable)
        case .coordinator(let index, let life):
            guard centres[index].life == life, centres[index].flight == flight.id else { return }
            centres[index].flight = nil
            step(coordinator: index, answer.map { .logAnswered($0) } ?? .logUnreachable)
        case .alerter(let index, let life):
            guard alerters[index].life == life, alerters[index].flight == flight.id else { return }
            alerters[index].flight = nil
            step(alerter: index, answer.map { .logAnswered($0) } ?? .logUnreachable)
        }
    }
}
