public import Exposition
import JSONDocument
public import Quantities
public import ReadModel

/// The whole page as a function from request to answer: no socket in it, and its time comes as a closure. `WebServer` puts it on
/// a port.
public struct Site: Sendable {
    let readModel: any FleetReadModel
    let now: @Sendable () -> WallTime
    let livenessChecks: [HealthCheck]
    let readinessChecks: [HealthCheck]
    let metrics: @Sendable () async -> [MetricFamily]

    /// - Parameters:
    ///   - now: the civil time that ages are counted from.
    ///   - metrics: a snapshot of this process's metrics.
    public init(
        readModel: any FleetReadModel, now: @escaping @Sendable () -> WallTime, livenessChecks: [HealthCheck] = [],
        readinessChecks: [HealthCheck] = [], metrics: @escaping @Sendable () async -> [MetricFamily] = { [] }
    ) {
        self.readModel = readModel
        self.now = now
        self.livenessChecks = livenessChecks
        self.readinessChecks = readinessChecks
        self.metrics = metrics
    }

    /// Never throws: what fails becomes a page that says so, with a status of its own.
    public func answer(to request: SiteRequest) async -> SiteAnswer {
        guard request.method == "GET" || request.method == "HEAD" else {
            var refusal = ErrorPage(status: 405, title: "Reading only", sentence: "This address answers GET and HEAD.").answer(request, now())
            refusal.fields.append(("allow", "GET, HEAD"))
            return refusal
        }
        guard let segments = request.segments, let route = SiteRoute(segments) else {
            return ErrorPage.nothingHere.answer(request, now())
        }
        do {
            return try await answer(route, request)
        } catch let problem as PageProblem {
            return ErrorPage(problem).answer(request, now())
        } catch {
            return ErrorPage.logUnreadable.answer(request, now())
        }
    }

    private func answer(_ route: SiteRoute, _ request: SiteRequest) async throws -> SiteAnswer {
        switch route {
        case .fleet: try await FleetPage(readModel: readModel, now: now()).answer(request)
        case .cluster(let cluster): try await ClusterPage(readModel: readModel, cluster: cluster, now: now()).answer(request)
        case .timelinePicture(let cluster):
            try await ClusterPage(readModel: readModel, cluster: cluster, now: now()).picture(request)
        case .decision(let position): try await DecisionPage(readModel: readModel, position: position, now: now()).answer(request)
        case .allocation: try await AllocationPage(readModel: readModel, now: now()).answer(request)
        case .alerts: try await AlertsPage(readModel: readModel, now: now()).answer(request)
        case .log: try await LogListPage(readModel: readModel, now: now()).answer(request)
        case .live(let check): await health(livenessChecks, "livez", check, request)
        case .ready(let check): await health(readinessChecks, "readyz", check, request)
        case .metrics:
            SiteAnswer(contentType: PrometheusText.contentType, body: PrometheusText(await metrics()).text)
        // The stream of events is the server's: a whole text cannot carry it.
        case .events: ErrorPage.nothingHere.answer(request, now())
        case .asset(let name): StaticAsset.named(name)?.answer ?? ErrorPage.nothingHere.answer(request, now())
        }
    }

    private func health(_ checks: [HealthCheck], _ word: String, _ check: String?, _ request: SiteRequest) async -> SiteAnswer {
        let excluded = (request.query["exclude"] ?? "").split(separator: ",").map(String.init)
        guard let report = await HealthReport.of(checks, word: word, only: check, excluding: excluded) else {
            return .plain("no such check\n", status: 404)
        }
        return report.answer(verbose: request.query["verbose"] != nil)
    }
}

/// What a page throws where the reader asked for something that is not there or cannot be read.
struct PageProblem: Error {
    let status: Int
    let title: String
    let sentence: String
}
