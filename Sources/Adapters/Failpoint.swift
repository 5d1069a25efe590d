import Coordinator
import Events
import Glibc

/// A place at which a process test stops or kills this process, named by the environment: `FAIRLEAD_FAILPOINT=NAME:ACTION:COUNT`.
///
/// ACTION is `stop` (SIGSTOP, until somebody sends SIGCONT) or `kill` (SIGKILL); COUNT is which passing of the place it takes,
/// from 1. Without the variable every place is passed. There is no way to reach this over a network or through a file.
public struct Failpoint: Sendable {
    private let name: String
    private let signal: Int32
    private let remaining: Countdown?

    public init(environment: [String: String]) {
        let words = (environment["FAIRLEAD_FAILPOINT"] ?? "").split(separator: ":").map(String.init)
        guard words.count == 3, let count = Int(words[2]), count > 0, ["stop", "kill"].contains(words[1]) else {
            (name, signal, remaining) = ("", 0, nil)
            return
        }
        name = words[0]
        signal = words[1] == "stop" ? SIGSTOP : SIGKILL
        remaining = Countdown(count)
    }

    /// Passes the place `place`; at the chosen passing of the chosen place the process stops or dies here.
    public func reach(_ place: String) {
        guard place == name, let remaining, remaining.passes() else { return }
        // To this very thread: a signal to the process may be taken by another one, and this one would run on a little.
        _ = raise(signal)
    }
}

extension Failpoint {
    /// The places between deciding and sending: `coordinator.before-open`, `-append`, `-patch`, `-claim`.
    func reach(before effect: CoordinatorEffect) {
        switch effect {
        case .send(.open): reach("coordinator.before-open")
        case .send(.append), .send(.declareLost): reach("coordinator.before-append")
        case .patch: reach("coordinator.before-patch")
        case .claim: reach("coordinator.before-claim")
        case .askLease, .findPlace, .readLog, .wake, .note: break
        }
    }
}
