internal import HTTPTransport
internal import JSONDocument
public import Quantities

/// What a watch on Pods tells.
public enum PodWatchEvent: Sendable {
    /// The Pod is there, new or changed, and the selector chooses it.
    case present(PodReadBack)
    /// The Pod is gone, or the selector does not choose it any more.
    case absent(PodReadBack)
    /// Nothing changed up to this resource version: resume from here.
    case bookmark(resourceVersion: String)
    /// The server has forgotten that version: list again. The watch is over.
    case expired
}

/// An open watch, for one reader. It ends by itself after the time it was opened for; then open the next from the last resource
/// version seen. An event that is lost costs a list, never correctness.
public struct PodWatch: AsyncSequence, Sendable {
    public typealias Element = PodWatchEvent
    public typealias Failure = KubernetesError

    /// One event's most bytes.
    public static let maximumLineBytes = 4 << 20

    let body: HTTPBodyStream
    let annotation: BandwidthAnnotation
    let context: String

    public func makeAsyncIterator() -> Iterator {
        Iterator(body: body.makeAsyncIterator(), annotation: annotation, context: context)
    }

    public struct Iterator: AsyncIteratorProtocol {
        var body: HTTPBodyStream.Iterator
        let annotation: BandwidthAnnotation
        let context: String
        private var lines = LineSplitter(maximumLineBytes: PodWatch.maximumLineBytes)
        private var isOver = false

        init(body: HTTPBodyStream.Iterator, annotation: BandwidthAnnotation, context: String) {
            self.body = body
            self.annotation = annotation
            self.context = context
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(KubernetesError) -> PodWatchEvent? {
            while !isOver {
                if let line = lines.next() {
                    if let event = try event(line) { return event }
                    continue
                }
                guard !lines.isOverfull else { throw problem("sends an event of more than \(PodWatch.maximumLineBytes) bytes") }
                let piece: [UInt8]?
                do throws(HTTPError) { piece = try await body.next(isolation: actor) } catch {
                    throw KubernetesError(error, context: context)
                }
                guard let piece else { return nil }
                lines.append(piece)
            }
            return nil
        }
        public mutating func next() async throws(KubernetesError) -> PodWatchEvent? { try await next(isolation: nil) }

        /// Nil for a kind of event that is not known: the API may add some.
        private mutating func event(_ line: [UInt8]) throws(KubernetesError) -> PodWatchEvent? {
            // Where in the line it is no JSON helps nobody.
            guard let value = try? JSONValue(parsing: line), let type = value["type"]?.string, let object = value["object"] else {
                throw problem("sends a line that is no event")
            }
            switch type {
            case "ADDED", "MODIFIED", "DELETED":
                guard let pod = PodReadBack(object, annotation: annotation) else { throw problem("sends an event without a Pod") }
                return type == "DELETED" ? .absent(pod) : .present(pod)
            case "BOOKMARK":
                // A Pod bookmark holds the version and nothing that can be relied on.
                return object["metadata"]?["resourceVersion"]?.string.map { .bookmark(resourceVersion: $0) }
            case "ERROR":
                isOver = true
                // The status inside decides; the HTTP status was 200.
                if object["code"]?.integer == 410 { return .expired }
                throw KubernetesError(
                    code: .serverFailed, status: object["code"]?.integer.map { Int(clamping: $0) }, context: context,
                    detail: APIStatus.bounded(object["message"]?.string ?? ""))
            default: return nil
            }
        }

        private func problem(_ detail: String) -> KubernetesError {
            KubernetesError(code: .unexpectedAnswer, context: context, detail: "the watch \(detail)")
        }
    }
}

/// Cuts pieces from a network into lines.
struct LineSplitter {
    private var buffer: [UInt8] = []
    private let maximumLineBytes: Int

    init(maximumLineBytes: Int) { self.maximumLineBytes = maximumLineBytes }

    mutating func append(_ piece: [UInt8]) { buffer += piece }

    /// A line without its end and not empty, or nil where none is whole.
    mutating func next() -> [UInt8]? {
        while let end = buffer.firstIndex(of: 0x0A) {
            let line = Array(buffer[..<end])
            buffer.removeFirst(end + 1)
            if !line.isEmpty { return line }
        }
        return nil
    }
    var isOverfull: Bool { buffer.count > maximumLineBytes }
}

extension KubernetesClient {
    /// Watches the Pods that a selector chooses, from the version of a list.
    /// - Parameter timeout: after this the server ends the watch properly; the connection is given a little longer.
    public func watchPods(
        namespace: String, selector: String, from resourceVersion: String, annotation: BandwidthAnnotation, timeout: Duration = .seconds(300)
    ) async throws(KubernetesError) -> PodWatch {
        let what = "watch Pods of \(namespace)"
        let path = "/api/v1/namespaces/\(percentEncoded(namespace))/pods?watch=true&allowWatchBookmarks=true"
            + "&labelSelector=\(percentEncoded(selector))&resourceVersion=\(percentEncoded(resourceVersion))"
            + "&timeoutSeconds=\(max(1, timeout.components.seconds))"
        var request = request(APICall(.get, path, what: what), token: try bearerToken())
        // Bookmarks come about once a minute even where nothing changes: three missed ones mean a dead connection.
        request.idleDeadline = min(timeout + .seconds(30), .seconds(200))
        let response: HTTPStreamedResponse
        var refusal: [UInt8] = []
        do throws(HTTPError) {
            response = try await http.stream(request)
            if !response.head.isSuccess {
                for try await piece in response.body where refusal.count < 4 * APIStatus.maximumMessageBytes { refusal += piece }
            }
        } catch {
            throw KubernetesError(error, context: context(what))
        }
        guard response.head.isSuccess else {
            throw KubernetesError(HTTPResponse(head: response.head, body: refusal), context: context(what))
        }
        return PodWatch(body: response.body, annotation: annotation, context: context(what))
    }
}
