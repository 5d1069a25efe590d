/// One condition of health, asked whenever somebody asks. The closure is bounded by whoever writes it; an answer that takes longer
/// than the orchestrator's probe timeout counts there as a failure.
public struct HealthCheck: Sendable {
    public enum Outcome: Hashable, Sendable {
        case healthy
        /// The reason, for the operator: no secret in it.
        case failed(String)
    }
    /// Letters, digits and `-`: it stands in addresses.
    public let name: String
    public let ask: @Sendable () async -> Outcome

    public init(_ name: String, ask: @escaping @Sendable () async -> Outcome) {
        self.name = name
        self.ask = ask
    }
}

/// The answer of `/livez` and `/readyz` in the form of Kubernetes' own: the status is the contract, `?verbose` tells each check,
/// `?exclude=` leaves some out, `/readyz/<check>` asks one alone.
struct HealthReport {
    let word: String
    let results: [(name: String, outcome: HealthCheck.Outcome)]

    static func of(_ checks: [HealthCheck], word: String, only: String?, excluding excluded: [String]) async -> HealthReport? {
        let asked = checks.filter { check in only.map { check.name == $0 } ?? !excluded.contains(check.name) }
        if only != nil, asked.isEmpty { return nil }
        var results: [(name: String, outcome: HealthCheck.Outcome)] = []
        for check in asked { results.append((check.name, await check.ask())) }
        return HealthReport(word: word, results: results)
    }

    var isHealthy: Bool { results.allSatisfy { $0.outcome == .healthy } }

    func answer(verbose: Bool) -> SiteAnswer {
        let status = isHealthy ? 200 : 503
        // A failure always tells its checks: the one who reads it should not have to ask twice.
        guard verbose || !isHealthy else { return .plain("ok\n", status: status) }
        let lines = results.map { result in
            switch result.outcome {
            case .healthy: "[+]\(result.name) ok\n"
            case .failed(let reason): "[-]\(result.name) failed: \(reason)\n"
            }
        }
        return .plain(lines.joined() + "\(word) check \(isHealthy ? "passed" : "failed")\n", status: status)
    }
}
