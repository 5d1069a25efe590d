public import Quantities
import Events

/// Runs one shipper: moves inputs into `ShipperProcess.step` and its effects out, and decides nothing itself.
///
/// One task owns the process and the spool's order; patches, log requests and timers run as children of the same group, so that
/// none outlives the shipper and none delays a tick.
public struct ShipperRun<ClockType: Clock>: Sendable where ClockType.Duration == Duration {
    private let ports: ShipperPorts
    private let clock: ClockType
    private let tick: Nanoseconds

    public init(ports: ShipperPorts, clock: ClockType, tick: Nanoseconds) {
        self.ports = ports
        self.clock = clock
        self.tick = tick
    }

    /// Lasts until the task is cancelled. A tick under way is finished, and what is spooled stays spooled.
    public func run(_ start: ShipperProcess) async {
        let (inputs, mailbox) = AsyncStream.makeStream(of: ShipperInput.self)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTicking(mailbox) }
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
            for await input in inputs {
                var effects = process.step(input, ports.now())
                ports.show(process.status)
                while !effects.isEmpty {
                    let effect = effects.removeFirst()
                    if let place = ShipperPlace(before: effect) { ports.reach(place) }
                    if let answer = await carryOutInOrder(effect) {
                        effects = process.step(answer, ports.now()) + effects
                    } else {
                        carryOutAside(effect, &group, mailbox)
                    }
                }
            }
        }
    }

    /// What must be done before the next effect: all that the spool does.
    private func carryOutInOrder(_ effect: ShipperEffect) async -> ShipperInput? {
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

    private func carryOutAside(
        _ effect: ShipperEffect, _ group: inout DiscardingTaskGroup, _ mailbox: AsyncStream<ShipperInput>.Continuation
    ) {
        let ports = ports
        switch effect {
        case .patch(let patch): group.addTask { mailbox.yield(.patchSettled(await ports.enforcer.apply(patch))) }
        case .send(let request):
            group.addTask {
                guard let log = ports.log else { return }
                do {
                    let answer = try await log.answer(request)
                    ports.reach(.afterAnswer)
                    mailbox.yield(.logAnswered(answer))
                } catch { mailbox.yield(.logUnreachable) }
            }
        case .wake(let at):
            let wait = Duration.nanoseconds(max(0, (at - ports.now().monotonic).count))
            group.addTask {
                // Cancellation ends the wait early; the input is then read by nobody.
                try? await self.clock.sleep(for: wait)
                mailbox.yield(.woke)
            }
        case .note(let note): ports.tell(note)
        case .spool, .readSpool, .renewSpool, .acknowledge, .rememberEpoch: break
        }
    }

    /// One tick at each multiple of the interval. A tick that was late does not move the next; one that was missed is not made up.
    private func keepTicking(_ mailbox: AsyncStream<ShipperInput>.Continuation) async {
        let interval = Duration.nanoseconds(tick.count)
        var due = clock.now.advanced(by: interval)
        while !Task.isCancelled {
            do { try await clock.sleep(until: due, tolerance: .milliseconds(1)) } catch { break }
            async let flows = ports.measurements.observe(until: ports.now().monotonic)
            async let workloads = ports.enforcer.read()
            mailbox.yield(.tick(Observation(flows: await flows, workloads: await workloads)))
            let now = clock.now
            repeat { due = due.advanced(by: interval) } while due < now
        }
        mailbox.finish()
    }
}
