import Adapters
import ArgumentParser
import Clocks
import Cryptography
import EventStore
import Events
import JSONDocument
import PostgreSQL
import PrivatePostgres
import Quantities

/// `fairlead bench append`: the log's writing, beside what else could store the same samples.
struct BenchAppendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append", abstract: "Measure the log's append beside a row-per-event JSONB log and beside COPY.",
        discussion: """
            A private server of its own, fsync and synchronous_commit on, a checkpoint
            before each part. Over the same connections, one part after the other, per
            round: (a) append, one 60-sample tick per transaction, the chain recomputed;
            (b) a log with one JSONB row per sample (identity position, unique (stream,
            seq), unique id), 60 rows per INSERT and commit; (c) binary COPY of the tick
            rows into a table without index; (d) catch-up, 100 ticks per call. Medians
            over the rounds.

            The samples are drawn from the seed: delays from a plausible distribution,
            rounded as the shipper's histogram rounds them, every field set. What is sent
            is made before the clock runs. Needs about 2 GB of disk and of memory.

            Examples:
              fairlead bench append
              fairlead bench append --rounds 5 --seed 7 -o json
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(help: "How often each part runs, 1 to 20.")
    var rounds = 3
    @Option(help: "Draws the samples.")
    var seed: UInt64 = 1
    @Option(help: "How many streams append, 32 to 10000.")
    var streams = 1_000
    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table

    func validate() throws {
        guard (1...20).contains(rounds) else { throw ValidationError("--rounds: give 1 to 20, not \(rounds)") }
        guard (32...10_000).contains(streams) else { throw ValidationError("--streams: give 32 to 10000, not \(streams)") }
    }

    func run() async throws {
        try await reportingFailures {
            var options = PrivateServer.Options()
            options.settings = [
                "max_connections=60", "shared_buffers=512MB", "max_wal_size=16GB", "checkpoint_timeout=1h", "synchronous_commit=on", "jit=off",
            ]
            let server = try PrivateServer.temporary(options: options)
            defer { server.stop() }
            let settings = ConnectionSettings.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres")
            try await DatabaseSchema(PostgresConnection(settings)).migrate()
            var plan = AppendBenchmark.Plan()
            plan.rounds = rounds
            plan.streams = streams
            plan.seed = seed
            let result = try await AppendBenchmark(settings, plan: plan, hash: .libcrypto, now: { Nanoseconds(SystemClocks.monotonic().nanoseconds) }).run { say($0) }
            switch output {
            case .json: print(BenchAppendCommand.json(result, plan).indentedText)
            case .table: print(BenchAppendCommand.table(result), terminator: "")
            }
        }
    }

    static func json(_ result: AppendBenchmark.Result, _ plan: AppendBenchmark.Plan) -> JSONValue {
        [
            "append_samples_per_second": .measured(result.append, fractionDigits: 0),
            "jsonb_samples_per_second": .measured(result.jsonb, fractionDigits: 0),
            "copy_samples_per_second": .measured(result.copy, fractionDigits: 0),
            "catchup_samples_per_second": .measured(result.catchUp, fractionDigits: 0),
            "vs_row_per_event_jsonb": .measured(result.append / result.jsonb, fractionDigits: 2),
            "vs_copy_unindexed": .measured(result.append / result.copy, fractionDigits: 3),
            "catchup_vs_copy": .measured(result.catchUp / result.copy, fractionDigits: 3),
            "wal_bytes_per_sample": .measured(result.writeAheadBytesPerSample, fractionDigits: 1),
            "bytes_per_sample": .measured(result.bytesPerSample, fractionDigits: 1),
            "p99_append_ms": .measured(result.appendP99Milliseconds, fractionDigits: 2),
            "p99_head_poll_ms": .measured(result.headPollP99Milliseconds, fractionDigits: 2),
            "connections": .integer(result.connections), "streams": .integer(plan.streams), "samples_per_tick": .integer(plan.samplesPerTick),
            "rounds": .integer(plan.rounds), "seed": .integer(plan.seed), "fsync": .string(result.fsync),
            "synchronous_commit": .string(result.synchronousCommit),
        ]
    }

    static func table(_ result: AppendBenchmark.Result) -> String {
        func line(_ name: String, _ value: Double, _ digits: Int, _ note: String) -> String {
            "\(name)  \(JSONValue.measured(value, fractionDigits: digits).text)  \(note)\n"
        }
        return line("append              ", result.append, 0, "samples/s")
            + line("JSONB row per event ", result.jsonb, 0, "samples/s; append is \(JSONValue.measured(result.append / result.jsonb, fractionDigits: 2).text) times that")
            + line("COPY without index  ", result.copy, 0, "samples/s; append is \(JSONValue.measured(result.append / result.copy, fractionDigits: 3).text) of that")
            + line("catch-up            ", result.catchUp, 0, "samples/s; \(JSONValue.measured(result.catchUp / result.copy, fractionDigits: 3).text) of COPY")
            + line("on disk             ", result.bytesPerSample, 1, "bytes per sample, index and TOAST included")
            + line("write-ahead log     ", result.writeAheadBytesPerSample, 1, "bytes per sample of append")
            + line("p99 of an append    ", result.appendP99Milliseconds, 2, "ms over \(result.connections) connections")
            + line("p99 of a head poll  ", result.headPollP99Milliseconds, 2, "ms meanwhile")
    }
}
