import Clocks
import Fleet
import JSONDocument
import Quantities
import ScriptedHTTP
import Synchronization

/// A plant with one workload that always uses all that it is let: what `enforcer: simulated` asks over HTTP.
final class GreedyWorld: Sendable {
    private struct State {
        var limit: BitRate?
        var bytes: Int64 = 0
        var countedAt = SystemClocks.monotonic()
        var limits: [BitRate] = []
    }
    private let state = Mutex(State())
    private let server = Mutex<ScriptedHTTPServer?>(nil)

    init() {
        let started = ScriptedHTTPServer { [weak self] request in self?.answer(request) ?? .close }
        server.withLock { $0 = started }
    }
    deinit { server.withLock { $0 }?.stop() }

    var url: String { server.withLock { $0 }?.url ?? "" }
    var limit: BitRate? { state.withLock { $0.limit } }
    /// Every limit that was set, in order.
    var limits: [BitRate] { state.withLock { $0.limits } }

    private func answer(_ request: ScriptedRequest) -> ScriptedAnswer {
        state.withLock { state in
            let now = SystemClocks.monotonic()
            let rate = state.limit ?? .megabits(250)
            state.bytes += Int64(Int128(rate.bitsPerSecond) * Int128((now - state.countedAt).count) / 8_000_000_000)
            state.countedAt = now
            guard request.method == "PUT" else {
                let workload: JSONValue = [
                    "workload": .string(SmallFleet.workload.text), "rate_bps": .optional(state.limit?.bitsPerSecond),
                    "bytes": .integer(state.bytes), "at_ns": .integer(now.nanoseconds), "replicas": .integer(1), "term": .integer(0),
                ]
                return .json(200, JSONValue.array([workload]).text)
            }
            guard let body = try? JSONValue(parsing: request.body), let wanted = body["rate_bps"]?.integer else {
                return .text(400, "no rate")  // the shipper then says that it was refused
            }
            state.limit = BitRate(bitsPerSecond: wanted)
            state.limits.append(BitRate(bitsPerSecond: wanted))
            return .respond(status: 204)
        }
    }
}
