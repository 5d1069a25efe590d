import Adapters
import ArgumentParser
import ConfigurationFiles
import Fleet
import Quantities
import Sockets

/// Which cluster, by which files.
struct SiteOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The fleet's files: a directory or a file. Repeat for more.", valueName: "path"))
    var config: [String]

    @Option(help: "The cluster's id in those files.")
    var cluster: String

    @Option(help: ArgumentHelp("Serve /livez, /readyz and /metrics here. Port 0 takes a free one.", valueName: "host:port"))
    var listen: String?

    func validate() throws {
        guard let listen else { return }
        do { _ = try Endpoint(hostAndPort: listen) } catch { throw ValidationError("--listen: \(error)") }
    }

    func load() throws -> (FleetConfiguration, ClusterSpecification) {
        let (fleet, problems) = try FleetFiles.read(config, isPart: true)
        guard let fleet else {
            standardError(problems)
            throw ExitCode(1)
        }
        guard let specification = fleet.cluster(ClusterID(cluster)) else {
            let known = fleet.clusters.map(\.id.text).joined(separator: ", ")
            throw CommandFailure(code: 64, sentences: ["there is no cluster '\(cluster)' in \(config.joined(separator: " ")); there is: \(known)"])
        }
        return (fleet, specification)
    }
}

/// A command that cannot go on: what to say, and the exit code of the table.
struct CommandFailure: Error {
    let code: Int32
    let sentences: [String]

    /// Runs a command's body. What it throws becomes sentences on standard error and an exit code; usage errors stay the parser's.
    static func reporting(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let failure as CommandFailure {
            for sentence in failure.sentences { say(sentence) }
            throw ExitCode(failure.code)
        } catch let usage as ValidationError { throw usage } catch let exit as ExitCode { throw exit } catch {
            say(plainSentence(error))
            throw ExitCode(2)
        }
    }

    private static func say(_ sentence: String) { standardError("fairlead-shipper: \(sentence)") }
}
