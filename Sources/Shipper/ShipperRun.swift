public import Quantities
import Events

/// Runs one shipper: moves inputs into `ShipperProcess.step` and its effects out, and decides nothing itself.
///
/// One task owns the process; a second one, the lane, does all that the spool does and sends requests, in the order of the effects.
/// So a request leaves when what was to be remembered before it is on disk, and a disk that does not answer holds up neither a tick
/// nor a brake. The process has one batch, one reading and one request under way at a time: that bounds the lane. Patches and timers
/// run as children of the same group, so that none outlives the shipper.
public struct ShipperRun<ClockType: Clock>: Sendable where ClockType.Duration == Duration {
    private let ports: ShipperPorts
    private let clock: ClockType
    private let tick: Nanoseconds

    public init(ports: ShipperPorts, clock: ClockType, tick: Nanoseconds) {
        self.ports = ports
        self.clock = clock
        self.tick = tick
    }

    /// Lasts until the task is cancelled. What is spooled stays spooled.
    public func run(_ start: ShipperProcess) async {
        let (letters, mailbox) = Mailbox.make()
        let (errands, lane) = AsyncStream.makeStream(of: ShipperEffect.self)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTicking(mailbox) }
            group.addTask { await self.carryOutInOrder(errands, mailbox) }
            if let leadership = ports.leadership {
                group.addTask {
                    await leadership.watch { change in
                        mailbox.yield(.leadershipChanged(isLeader: change.isLeader, transitions: change.transitions, holder: change.holder))
                    }
                }
            }
            if let arrivals = ports.arrivals {
                group.addTask { await arrivals.watch { mailbox.yield(.workloadArrived($0)) } }
            }
            var process = start
            for await letter in letters {
                // What the log said of a stream that was set aside meanwhile tells nothing of the new one.
                if let stream = letter.stream, stream != process.stream { continue }
                for effect in process.step(letter.input, ports.now()) { carryOut(effect, &group, lane, mailbox) }
                ports.show(process.status)
            }
            lane.finish()
        }
    }

    private func carryOut(
        _ effect: ShipperEffect, _ group: inout DiscardingTaskGroup, _ lane: AsyncStream<ShipperEffect>.Continuation,
        _ mailbox: Mailbox
    ) {
        let ports = ports
        switch effect {
        case .spool, .readSpool, .renewSpool, .acknowledge, .rememberEpoch, .send: lane.yield(effect)
        case .patch(let patch):
            reach(before: effect)
            group.addTask { mailbox.yield(.patchSettled(await ports.enforcer.apply(patch))) }
        case .wake(let at):
            let wait = Duration.nanoseconds(max(0, (at - ports.now().monotonic).count))
            group.addTask {
                // Cancellation ends the wait early; the input is then read by nobody.
                try? await self.clock.sleep(for: wait)
                mailbox.yield(.woke)
            }
        case .note(let note): ports.tell(note)
        }
    }

    private func reach(before effect: ShipperEffect) {
        if let place = ShipperPlace(before: effect) { ports.reach(place) }
    }

    // MARK: - The lane

    private func carryOutInOrder(_ errands: AsyncStream<ShipperEffect>, _ mailbox: Mailbox) async {
        await withDiscardingTaskGroup { group in
            for await effect in errands {
                reach(before: effect)
                if case .send(let request) = effect {
                    group.addTask { if let answer = await self.ask(request) { mailbox.yield(answer, of: request.stream) } }
                } else if let answer = await spoolAnswer(to: effect) {
                    mailbox.yield(answer)
                }
            }
        }
    }

    private func ask(_ request: LogRequest) async -> ShipperInput? {
        guard let log = ports.log else { return nil }
        do {
            let answer = try await log.answer(request)
            ports.reach(.afterAnswer)
            return .logAnswered(answer)
        } catch { return .logUnreachable }
    }

    private func spoolAnswer(to effect: ShipperEffect) async -> ShipperInput? {
        switch effect {
        case .spool(let batch):
            do {
                let dropped = try await ports.spool.append(batch)
                ports.reach(.afterSpool)
                return .spooled(batch: batch.id, dropped: dropped)
            } catch {
                return .spoolFailed(batch: batch.id, problem: "\(error)", isBeyondUse: error is SpoolBeyondUse)
            }
        case .readSpool(let sequence):
            do {
                return .spoolRead(try await ports.spool.read(after: sequence))
            } catch {
                ports.tell(ShipperNote(.error, "the spool could not be read", ["problem": "\(error)"]))
                return .spoolRead(.nothing)
            }
        case .renewSpool:
            do {
                let (resumption, keptAs) = try await ports.spool.renew()
                return .spoolRenewed(resumption, keptAs: keptAs)
            } catch {
                return .spoolRenewalFailed(problem: "\(error)")
            }
        case .acknowledge(let sequence):
            await telling("the spool could not note an acknowledgement") { try await ports.spool.acknowledge(upTo: sequence) }
            return nil
        case .rememberEpoch(let epoch):
            await telling("the spool could not note an epoch") { try await ports.spool.rememberEpoch(epoch) }
            return nil
        case .patch, .send, .wake, .note: return nil
        }
    }

    private func telling(_ message: String, _ body: () async throws -> Void) async {
        do { try await body() } catch { ports.tell(ShipperNote(.error, message, ["problem": "\(error)"])) }
    }

    /// One tick at each multiple of the interval. A tick that was late does not move the next; one that was missed is not made up.
    private func keepTicking(_ mailbox: Mailbox) async {
        let interval = Duration.nanoseconds(tick.count)
        var due = clock.now.advanced(by: interval)
        while !Task.isCancelled {
            do { try await clock.sleep(until: due, tolerance: .milliseconds(1)) } catch { break }
            async let flows = ports.measurements.observe(until: ports.now().monotonic)
            async let workloads = readLimits(within: interval / 2)
            mailbox.yield(.tick(Observation(flows: await flows, workloads: await workloads)))
            let now = clock.now
            repeat { due = due.advanced(by: interval) } while due < now
        }
        mailbox.finish()
    }

    /// How the limits stand. What is not there after half a tick is not waited for: a slow API server must hold up neither the next
    /// decision nor a brake.
    private func readLimits(within span: Duration) async -> [WorkloadReading] {
        await withTaskGroup(of: [WorkloadReading]?.self) { group in
            group.addTask { await self.ports.enforcer.read() }
            group.addTask {
                // Cancelled where the reading came first.
                try? await self.clock.sleep(for: span)
                return nil
            }
            var readings: [WorkloadReading] = []
            for await answer in group {
                group.cancelAll()
                if let answer { readings = answer }
            }
            return readings
        }
    }
}

/// Where all that happens to a shipper waits for its turn.
private struct Mailbox: Sendable {
    struct Letter: Sendable {
        var input: ShipperInput
        /// Which stream the log answered for; nil for all else.
        var stream: StreamName?
    }
    private let letters: AsyncStream<Letter>.Continuation

    static func make() -> (letters: AsyncStream<Letter>, mailbox: Mailbox) {
        let (letters, continuation) = AsyncStream.makeStream(of: Letter.self)
        return (letters, Mailbox(letters: continuation))
    }
    func yield(_ input: ShipperInput, of stream: StreamName? = nil) { letters.yield(Letter(input: input, stream: stream)) }
    func finish() { letters.finish() }
}
