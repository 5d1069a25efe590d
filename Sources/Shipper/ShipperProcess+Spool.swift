import ControlLaw
import Events
import Fleet
import Jitter
import Quantities

/// What goes to the spool, in which order, what waits for it, and what does not.
extension ShipperProcess {
    /// While the spool takes nothing, so many entries are kept in memory; then rows are no longer made and outcomes no longer told, and
    /// the loop goes on braking. What was begun may go beyond by one tick's rows and by the facts that wait.
    static let maximumUnspooled = 2_000
    /// So many facts wait for the next batch at most; what comes then is counted and not told.
    static let maximumPendingFacts = 256

    private var hasRoom: Bool { unspooled.count < ShipperProcess.maximumUnspooled }

    // MARK: Into the spool

    /// A tick's rows, and what is to be done when they are on disk.
    mutating func spool(_ rows: [Tick], patches: [WorkloadPatch], _ now: Now) -> [ShipperEffect] {
        awaiting = nil
        guard hasRoom else {
            status.rowsNotMade += Int64(rows.count)
            // The next batch is what finds out that the spool takes something again.
            return patchNow(patches.filter(isBrake).map(withoutDecision)) + sendBatch(now)
        }
        fixPendingFacts()
        for row in rows { fix(LogEntry(row)) }
        guard !patches.isEmpty else { return sendBatch(now) }
        #if DEBUG
        if PlantedBug.patchBeforeSpool.isPlanted { return patchNow(patches) + sendBatch(now) }
        #endif
        let patience = AwaitedPatches.patience(tick: settings.tick)
        awaiting = AwaitedPatches(patches: patches, through: head.sequence, overdueAt: now.monotonic + patience)
        // One that has not answered for so long will not in time.
        let isHanging = isRenewing || batchInFlight.map { now.monotonic - $0.sentAt >= patience } ?? false
        if isHanging { return releaseBrakes() + sendBatch(now) }
        let isUrgent = patches.contains(where: isBrake)
        return sendBatch(now) + (isUrgent ? [.wake(at: now.monotonic + patience)] : [])
    }

    /// All that waits, where no batch is in flight: one at a time, and what is made meanwhile goes with the next.
    mutating func sendBatch(_ now: Now) -> [ShipperEffect] {
        guard !unspooled.isEmpty, batchInFlight == nil, !isRenewing else { return [] }
        let batch = SpoolBatch(id: nextBatch, entries: unspooled, keyValues: keyValues(), mentioned: mention?.lost)
        nextBatch += 1
        batchInFlight = (batch.id, head.sequence, now.monotonic)
        return [.spool(batch)]
    }

    /// Gives the facts that wait their places, where there is room for them.
    mutating func fixPendingFacts() {
        guard hasRoom else { return }
        for fact in pendingFacts { fix(LogEntry(fact)) }
        pendingFacts = []
    }

    /// Gives an entry its sequence number and digest, for good.
    private mutating func fix(_ entry: LogEntry) {
        let sequence = head.sequence + 1
        let digest = chain.digest(after: head.digest, sequence: sequence, entry: entry)
        head = StreamHead(sequence: sequence, digest: digest)
        unspooled.append(SpoolBatch.Entry(sequence: sequence, digest: digest, entry: entry))
    }

    /// What must survive a crash beside the rows, written in their transaction.
    private func keyValues() -> [String: [UInt8]] {
        var values = [StateKey.tickNumber: StateKey.bytes(tickNumber)]
        for (key, meter) in zip(baseKeys, meters) { values[key] = meter.base.bytes }
        for track in workloads {
            if let rate = track.adoptable { values[StateKey.adoptable(track.specification.id)] = StateKey.bytes(rate.bitsPerSecond) }
        }
        for loop in loops {
            for (key, state) in zip(loop.keys, loop.states) { values[key] = state }
        }
        return values
    }

    // MARK: What the spool answered, or did not

    mutating func spooled(_ batch: Int64, _ dropped: ClosedRange<Int64>?, _ now: Now) -> [ShipperEffect] {
        guard let flight = batchInFlight, flight.id == batch else { return [] }
        batchInFlight = nil
        status.spoolFailures = 0
        let newest = unspooled.last { $0.sequence <= flight.lastSequence }
        unspooled.removeAll { $0.sequence <= flight.lastSequence }
        if let newest { writer.spoolGrew(to: StreamHead(sequence: newest.sequence, digest: newest.digest)) }
        var result = carryOutAwaited(through: flight.lastSequence, now)
        if let dropped {
            status.entriesDropped += Int64(dropped.count)
            result.append(.note(ShipperNote(.error, "the spool is full: its oldest unsent entries are lost", ["entries": "\(dropped.count)", "first": "\(dropped.lowerBound)"])))
        }
        if let mention, mention.sequence <= flight.lastSequence {
            self.mention = nil
            result += effects(of: writer.declared(at: now.wall, now: now.monotonic), now)
        }
        if let lost = unmentioned, hasRoom {
            unmentioned = nil
            result += mentionLoss(lost, now)
        }
        return result + effects(of: writer.proceed(now.monotonic), now) + sendBatch(now)
    }

    private mutating func carryOutAwaited(through sequence: Int64, _ now: Now) -> [ShipperEffect] {
        guard let due = awaiting, due.through <= sequence else { return [] }
        awaiting = nil
        guard mayAct else { return [] }
        var patches = due.patches
        let later = heldRaises.hold(&patches, now: now.monotonic).map { [ShipperEffect.wake(at: $0)] } ?? []
        return patchNow(stillGranted(patches, at: now.monotonic)) + later
    }

    mutating func spoolFailed(_ batch: Int64, _ problem: String, _ isBeyondUse: Bool, _ now: Now) -> [ShipperEffect] {
        guard let flight = batchInFlight, flight.id == batch else { return [] }
        #if DEBUG
        if PlantedBug.acknowledgeBeforeSync.isPlanted { return spooled(batch, nil, now) }
        #endif
        batchInFlight = nil
        status.spoolFailures += 1
        let note = ShipperEffect.note(ShipperNote(.error, "the spool took nothing; braking goes on unspooled", ["problem": problem]))
        return [note] + releaseBrakes() + (isBeyondUse ? renewSpool(problem) : [])
    }

    /// The spool has neither confirmed nor failed for a quarter of a tick: the brakes that wait for it wait no longer.
    mutating func releaseOverdueBrakes(_ now: Now) -> [ShipperEffect] {
        guard let due = awaiting, now.monotonic >= due.overdueAt, due.patches.contains(where: isBrake) else { return [] }
        status.spoolDelays += 1
        return [.note(ShipperNote(.error, "the spool does not answer; braking goes on unspooled"))] + releaseBrakes()
    }

    /// Brakes leave without a decision on the log. Raises are the next tick's to decide anew.
    private mutating func releaseBrakes() -> [ShipperEffect] {
        let brakes = (awaiting?.patches ?? []).filter(isBrake).map(withoutDecision)
        awaiting = nil
        return mayAct ? patchNow(brakes) : []
    }

    // MARK: Losses and new streams

    /// Puts the loss into the chain; the hole is closed on the log when that is spooled.
    mutating func mentionLoss(_ lost: LostRange, _ now: Now) -> [ShipperEffect] {
        // Told already, and waiting for the spool.
        if mention?.lost == lost { return [] }
        guard hasRoom else {
            unmentioned = lost
            return []
        }
        fixPendingFacts()
        fix(LogEntry(EventEnvelope(.entriesLost(lost), at: now.wall)))
        mention = (lost, head.sequence)
        status.entriesLost += lost.count
        var facts = ["first": "\(lost.first)", "last": "\(lost.last)", "cause": lost.cause]
        if let refusal = writer.refusal { facts["refusal"] = refusal.sentence }
        return [.note(ShipperNote(.error, "entries are lost for good: the log is told", facts))] + sendBatch(now)
    }

    /// Asks for a new spool. Until it is there nothing is written, and no brake waits.
    mutating func renewSpool(_ reason: String) -> [ShipperEffect] {
        setAsideReason = reason
        isRenewing = true
        return releaseBrakes() + [.renewSpool(reason: reason)]
    }

    /// Goes on under a new stream. What the old spool had not taken yet is told again where it is a fact; rows are not made twice.
    mutating func spoolRenewed(_ resumption: ShipperResumption, keptAs: String, _ now: Now) -> [ShipperEffect] {
        let old = SpoolSetAside(
            stream: stream, last: head.sequence, acknowledged: writer.acknowledged, reason: setAsideReason, keptAs: keptAs)
        status.rowsNotMade += Int64(unspooled.count)
        (unspooled, batchInFlight, mention, unmentioned, isRenewing) = ([], nil, nil, nil, false)
        stream = resumption.stream
        head = resumption.head
        rosterSequence = 0
        // The newest decision stands in the old stream, or nowhere: in the new one its number is another entry's.
        decidedAt = nil
        manner = "renewed"
        // The old stream's epochs say nothing of the new one's, and one that the log found absurd must not come along.
        writer = LogWriter(
            stream: stream, spooled: head, acknowledged: resumption.acknowledged, highestEpochSeen: resumption.highestEpochSeen, seed: settings.seed &+ UInt64(bitPattern: head.sequence &+ 1))
        // A brake that the old stream told of ends with an allocation that has folded the new one's first row.
        for index in loops.indices where loops[index].brake != nil { loops[index].brake?.sequence = .max }
        status.stream = stream
        record(.spoolSetAside(old), now)
        return [.note(ShipperNote(.warning, "a new stream begins", ["stream": "\(stream)", "kept": keptAs]))]
            + effects(of: writer.proceed(now.monotonic), now) + wake()
    }
}
