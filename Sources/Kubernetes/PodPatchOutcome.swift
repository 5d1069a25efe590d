internal import HTTPTransport
public import Quantities

/// What became of one Pod's write.
public struct PodPatchOutcome: Sendable {
    public enum Result: Sendable {
        /// Written. The read-back is the server's own, after its admission: compare it with what was wanted.
        case applied(PodReadBack)
        /// The Pod carried it already; nothing was sent.
        case unchanged(PodReadBack)
        /// The Pod stands under a newer term than ours; nothing was sent, and nothing of ours may be sent any more.
        case fenced(PodReadBack)
        /// A raise that the caller's rule forbids on this Pod as it stands; nothing was sent.
        case heldBack(PodReadBack)
        /// The writer no longer trusts its leadership; nothing was sent.
        case deposed
        /// Somebody wrote since the Pod was read, or it is another Pod now (422 or 409). Read it again before deciding.
        case lostRace
        /// There is no such Pod any more.
        case gone
        /// Not done; come back after this long. Said by the server, or by our own pacing.
        case throttled(retryAfter: Duration)
        /// Surely not done: the server was not reached.
        case unreachable(KubernetesError)
        /// The server does not take it as it stands (400, 401, 403, …).
        case refused(KubernetesError)
        /// No answer, or one that tells nothing (5xx). It may be done or still be done later: read before deciding again.
        case unknown(KubernetesError)
    }
    public let namespace: String
    public let pod: String
    public let uid: String
    /// The limit that was wanted for this Pod; nil for a claim.
    public let wanted: BitRate?
    public let result: Result

    public init(namespace: String, pod: String, uid: String, wanted: BitRate?, result: Result) {
        self.namespace = namespace
        self.pod = pod
        self.uid = uid
        self.wanted = wanted
        self.result = result
    }
}

extension PodPatchOutcome.Result {
    /// A constant word for logs and metrics.
    public var name: String {
        switch self {
        case .applied: "applied"
        case .unchanged: "unchanged"
        case .fenced: "fenced"
        case .heldBack: "held_back"
        case .deposed: "deposed"
        case .lostRace: "lost_race"
        case .gone: "gone"
        case .throttled: "throttled"
        case .unreachable: "unreachable"
        case .refused: "refused"
        case .unknown: "unknown"
        }
    }

    /// Whether the Pod now surely carries what was wanted.
    public var isInForce: Bool {
        switch self {
        case .applied, .unchanged: true
        case .fenced, .heldBack, .deposed, .lostRace, .gone, .throttled, .unreachable, .refused, .unknown: false
        }
    }

    /// What an answer other than 2xx to a conditional patch means.
    init(_ response: HTTPResponse, context: String) {
        let error = KubernetesError(response, context: context)
        switch error.code {
        case .notFound: self = .gone
        case .conflict: self = .lostRace
        // A failed `test` names no field; a value that the server does not take names one.
        case .refused where response.status == 422 && !APIStatus(response).hasCauses: self = .lostRace
        case .throttled: self = .throttled(retryAfter: error.retryAfter ?? .seconds(1))
        case .serverFailed: self = .unknown(error)
        default: self = .refused(error)
        }
    }
}
