internal import Quantities
internal import Subprocess

extension LabNetwork {
    /// The port of best-effort traffic in the lab.
    static let telemetryPort = 5080
    /// How long a run may take beyond its time before it is given up, in seconds.
    static let telemetryGrace = 60

    /// Sends best-effort telemetry from its host to the receiver with real TCP (iperf3) for a whole number of seconds, and
    /// reports. Cancelling ends both sides at once. Both die with this process, even if that is killed.
    /// - Parameter streams: parallel connections.
    public func runTelemetry(seconds: Int, streams: Int = 4) async throws -> TelemetryReport {
        let (listening, announce) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: TelemetryReport?.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await serveTelemetry(seconds: seconds, announce)
                return nil
            }
            group.addTask {
                var isListening = false
                for await _ in listening { isListening = true }
                guard isListening else { throw LabError(.failed, context: "the telemetry receiver did not start") }
                return try await sendTelemetry(seconds: seconds, streams: streams)
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds + LabNetwork.telemetryGrace))
                throw LabError(.failed, context: "telemetry did not end \(LabNetwork.telemetryGrace) seconds after its time")
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let report = outcome { return report }
            }
            throw LabError(.failed, context: "telemetry ended without a report")
        }
    }

    /// One run of the receiving side; says so once it listens.
    ///
    /// iperf3 3.12 gives a run up after its idle time of 120 s though data flows, so it is told a longer one than the run.
    private func serveTelemetry(seconds: Int, _ announce: AsyncStream<Void>.Continuation) async throws {
        let arguments = [
            "iperf3", "--server", "--one-off", "--forceflush", "--port", "\(LabNetwork.telemetryPort)",
            "--rcv-timeout", "\((seconds + LabNetwork.telemetryGrace) * 1000)",
        ]
        _ = try await launch(on: .receiver, arguments) { configuration in
            try await Subprocess.run(configuration, input: .none, output: .sequence, error: .discarded) { execution in
                for try await line in execution.standardOutput.strings() where line.contains("listening") {
                    announce.yield()
                    announce.finish()
                }
            }.terminationStatus.isSuccess
        }
    }

    private func sendTelemetry(seconds: Int, streams: Int) async throws -> TelemetryReport {
        let arguments = [
            "iperf3", "--client", "\(LabHost.receiver.address)", "--port", "\(LabNetwork.telemetryPort)", "--time", "\(seconds)",
            "--interval", "1", "--parallel", "\(streams)", "--congestion", LabNetwork.congestionControl, "--json",
        ]
        let output = try await launch(on: .telemetry, arguments) { configuration in
            // 4 kB per stream and second is four times what iperf3 prints.
            try await Subprocess.run(
                configuration, input: .none, output: .string(limit: 65_536 + 4_096 * streams * (seconds + 2)), error: .discarded
            ).standardOutput
        }
        guard let report = TelemetryReport(json: output) else {
            throw LabError(.failed, underlying: String(output.suffix(300)), context: "the telemetry sender failed")
        }
        return report
    }

    /// Runs a program on a host. setpriv and ip replace themselves by the program, so the signal that the kernel sends when our
    /// process ends reaches the program itself.
    private func launch<Outcome>(
        on host: LabHost, _ program: [String], _ run: (Configuration) async throws -> Outcome
    ) async throws -> Outcome {
        let arguments = ["--pdeathsig", "KILL", "ip", "netns", "exec", namespace(of: host)] + program
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(500))]
        let environment = Environment.inherit.updating(["LC_ALL": "C", "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"])
        do {
            return try await run(
                Configuration(
                    executable: .name("setpriv"), arguments: Arguments(arguments), environment: environment, platformOptions: options))
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw LabError(.toolMissing, underlying: "util-linux", context: "setpriv")
        }
    }
}
