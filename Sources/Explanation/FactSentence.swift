public import Events
import Quantities

/// Any fact of the log in one sentence: the line that a log page and `observe` show.
public struct FactSentence: Sendable {
    public let fact: Fact
    public init(_ fact: Fact) { self.fact = fact }

    public var text: String { plainLine(sentence) }

    private var sentence: String {
        switch fact {
        case .rosterDeclared(let roster):
            "\(roster.cluster) (\(roster.mode)) declares \(count(roster.flows.count, "flow")), "
                + "\(count(roster.workloads.count, "workload")), \(count(roster.links.count, "link")), "
                + "\(roster.laws.map(\.name).joined(separator: ", ")); configuration \(roster.configuration.abbreviated)."
        case .patchSettled(let patch): PatchSentence(patch).text
        case .baseChanged(let change):
            "The base delay of \(change.flow) is \(exact(change.to)) "
                + "(\(change.from.map { "was \(exact($0))" } ?? "none was proven"), \(change.cause))."
        case .leadershipChanged(let change):
            "\(change.holder) \(change.isLeader ? "leads" : "does not lead") now (transition \(change.transitions))."
        case .grantReceived(let version): "Grant \(version) received."
        case .grantExpired(let version): "Grant \(version) expired: brakes go on, raises stop."
        case .entriesLost(let range): "Entries \(range.first) to \(range.last) are lost: \(range.cause)."
        case .spoolSetAside(let old):
            "\(old.stream) goes on no more after \(old.last) (the log has it up to \(old.acknowledged)): \(old.reason); kept as \(old.keptAs)."
        case .processStarted(let start): "\(start.role) \(start.version) started, \(start.manner)."
        case .capacityEstimated(let estimate):
            "\(estimate.link) is believed to carry \(estimate.effective.readable) (was \(estimate.before.readable), \(estimate.cause)"
                + "\(estimate.evidence.map { ", by \($0)" } ?? ""))."
        case .allocationDecided(let allocation):
            "Allocation \(allocation.version) gives \(count(allocation.shares.count, "share")) over "
                + "\(count(allocation.links.count, "link"))\(allocation.isFeasible ? "" : "; the floors do not fit")."
        case .grantIssued(let grant):
            "Grant \(grant.version) to \(grant.cluster): "
                + "\(grant.rates.prefix(6).map { "\($0.workload) \($0.rate.readable)" }.joined(separator: ", "))"
                + "\(grant.rates.count > 6 ? " and \(grant.rates.count - 6) more" : ""), for \(grant.timeToLive)."
        case .capacityOverridden(let override):
            "\(override.actor) \(override.capacity.map { "says that \(override.link) carries \($0.readable)" } ?? "ends the override of \(override.link)")"
                + "\(override.lasts.map { " for \($0.readable)" } ?? ""): \(override.reason) (plan \(override.plan.prefix(12)))."
        case .alertChanged(let change): AlertSentence(change).text
        case .notificationSettled(let record):
            "Notification \(record.notification) to \(record.receiver): \(record.result), attempt \(record.attempt)"
                + "\(record.detail.map { ", \($0)" } ?? "")."
        }
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
