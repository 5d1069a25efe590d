import Events
import Quantities

/// The newest grant that a shipper holds, and whether it lives. After a restart there is none: a grant counts as expired.
///
/// Only a grant newer by (term, version) replaces it. It lives on the receiver's monotonic clock, counted from when the request
/// that first fetched it was *sent*: the time on the wire is on our side. Fetching the same version again prolongs nothing: the
/// log would go on answering it long after the coordinator died, so a coordinator that lives issues a new version in time.
struct GrantHold: Sendable {
    private(set) var grant: Grant?
    private var livesUntil: MonotonicTime?
    private var expiryTold = true

    /// Takes a fetched grant. Returns true where it is newer than the one held.
    mutating func offer(_ fetched: Grant, sentAt: MonotonicTime) -> Bool {
        if let grant, fetched.version <= grant.version, !mayGoBack(to: fetched) { return false }
        livesUntil = sentAt + fetched.timeToLive
        grant = fetched
        expiryTold = false
        return true
    }

    func living(at now: MonotonicTime) -> Grant? {
        #if DEBUG
        if PlantedBug.expiredGrantRaises.isPlanted { return grant }
        #endif
        guard let grant, let livesUntil, now < livesUntil else { return nil }
        return grant
    }

    private func mayGoBack(to fetched: Grant) -> Bool {
        #if DEBUG
        return PlantedBug.ignoreEpoch.isPlanted && fetched.version != grant?.version
        #else
        return false
        #endif
    }

    /// The version that expired, told once.
    mutating func expired(at now: MonotonicTime) -> GrantVersion? {
        guard !expiryTold, let grant, living(at: now) == nil else { return nil }
        expiryTold = true
        return grant.version
    }

    var highestTerm: Int64 { grant?.version.term ?? 0 }
}
