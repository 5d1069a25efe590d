import Quantities

/// Reads `spec.flows` of a cluster.
struct FlowReader {
    let names: DeclaredNames
    /// The name of the place that measures, unless a probe names another: the cluster's own.
    let vantage: String

    func read(_ field: ConfigurationField?) -> [FlowSpecification] {
        var seen: Set<String> = []
        return (field?.elements() ?? []).compactMap { $0.object() }.compactMap { flow($0, seen: &seen) }
    }

    private func flow(_ object: ConfigurationObject, seen: inout Set<String>) -> FlowSpecification? {
        let idField = object.required("id")
        let id = idField?.name()
        if let id, !seen.insert(id).inserted { idField?.report("a second flow '\(id)' in this cluster") }
        let transport = object.required("protocol", hint: "write udp or tcp")?.oneOf(FlowSpecification.TransportProtocol.self)
        let port = object.required("port")?.port()
        let source = object.required("source", hint: "write probe, prometheus or trace").flatMap(source)
        let classField = object.required("slaClass")
        let slaClass = classField?.text()
        if let slaClass, names.areKnown, !names.slaClasses.contains(slaClass) {
            classField?.report("there is no class '\(slaClass)'; \(NearestName.hint(for: slaClass, among: names.slaClasses))")
        }
        let links = names.links(of: object)
        let reserve = object.optional("reserve")?.rate() ?? .zero
        object.finish()
        guard let id, let transport, let port, let source, let slaClass else { return nil }
        return FlowSpecification(
            id: FlowID(id), transport: transport, port: port, source: source, slaClass: slaClass, links: links, reserve: reserve)
    }

    private func source(_ field: ConfigurationField) -> MeasurementSourceSpecification? {
        guard let (name, body) = field.choice(words: [], objects: ["probe", "prometheus", "trace"]), let body else { return nil }
        defer { body.finish() }
        switch name {
        case "probe": return probe(body).map(MeasurementSourceSpecification.probe)
        case "prometheus": return prometheus(body).map(MeasurementSourceSpecification.prometheus)
        default: return body.required("path")?.nonEmptyText().map { .trace(path: $0) }
        }
    }

    private func probe(_ object: ConfigurationObject) -> ProbeSpecification? {
        let target = object.required("target", hint: "write the reflector's host:port")?.hostAndPort()
        let intervalField = object.optional("interval")
        let interval = intervalField?.time(in: .milliseconds(1)...(.seconds(10))) ?? .milliseconds(50)
        let timeoutField = object.optional("timeout")
        let timeout = timeoutField?.time(in: .milliseconds(1)...(.seconds(10))) ?? .seconds(1)
        if timeout < interval {
            (timeoutField ?? intervalField)?.report("the timeout \(timeout) is shorter than the interval \(interval)")
        }
        let keyFile = object.optional("keyFile")?.nonEmptyText()
        let vantage = object.optional("vantage")?.name() ?? self.vantage
        guard let target else { return nil }
        return ProbeSpecification(
            host: target.host, port: target.port, interval: interval, timeout: timeout, keyFile: keyFile, vantage: vantage)
    }

    private func prometheus(_ object: ConfigurationObject) -> PrometheusSourceSpecification? {
        let url = object.required("url")?.url()
        let queryField = object.required("query")
        let query = queryField?.nonEmptyText()
        let ageField = object.optional("ageQuery")
        let ageQuery = ageField?.nonEmptyText()
        let countQuery = object.optional("countQuery")?.nonEmptyText()
        guard let url, let query else { return nil }
        if ageQuery == nil, !query.contains("[") {
            queryField?.report("reads no range, so nothing tells how old its answer is; write ageQuery: min(timestamp(NAME))")
        }
        if countQuery == nil, !(query.contains("[") && query.contains("_bucket")) {
            queryField?.report(
                "reads no range of a histogram's _bucket, so nothing tells how many measurements it rests on; write countQuery: …")
        }
        if let ageQuery, ageQuery.contains("time()") {
            ageField?.report("answers an age; the time of the newest measurement is meant, as min(timestamp(NAME)) gives it")
        }
        return PrometheusSourceSpecification(url: url, query: query, ageQuery: ageQuery, countQuery: countQuery)
    }
}
