public import Quantities

extension FleetDocument {
    /// The configuration as files would state it, defaults written out: `read` gives back the same value. The same configuration
    /// gives the same bytes whatever files it came from, so this text is what its hash covers.
    public static func render(_ configuration: FleetConfiguration) -> String {
        var writer = YAMLWriter()
        writer.header(kind: .fleet, name: configuration.name) { writer in writer.fleet(configuration) }
        for cluster in configuration.clusters.sorted(by: { $0.id < $1.id }) {
            writer.header(kind: .cluster, name: cluster.id.text) { writer in writer.cluster(cluster) }
        }
        return writer.text
    }
}

extension FleetConfiguration {
    /// The fingerprint that stands in every decision: equal configurations have equal ones.
    public func hash(_ function: HashFunction) -> Digest {
        function.digest(Array(FleetDocument.render(self).utf8))
    }
}

extension YAMLWriter {
    mutating func fleet(_ fleet: FleetConfiguration) {
        value("tick", fleet.tick)
        value("settle", fleet.settle)
        list("links", fleet.links.sorted { $0.id < $1.id }) { writer, link in
            writer.quoted("id", link.id.text)
            writer.rate("capacity", link.capacity)
            writer.quoted("from", link.from?.text)
            writer.quoted("to", link.to?.text)
            if !link.description.isEmpty { writer.quoted("description", link.description) }
        }
        list("slaClasses", fleet.slaClasses) { writer, slaClass in
            writer.quoted("name", slaClass.name)
            writer.value("target", slaClass.target.nanoseconds)
            writer.value("bound", slaClass.bound.nanoseconds)
            if let latencyBound = slaClass.latencyBound { writer.value("latencyBound", latencyBound.nanoseconds) }
            if let loss = slaClass.lossBoundPartsPerMillion { writer.value("lossBound", "\(decimalText(Int64(loss), scale: 4))%") }
            writer.value("criticality", slaClass.criticality)
        }
        list("tiers", fleet.tiers) { writer, tier in
            writer.quoted("name", tier.name)
            writer.value("rank", tier.rank)
            if !tier.priorityClasses.isEmpty {
                writer.value("priorityClasses", "[\(tier.priorityClasses.joined(separator: ", "))]")
            }
            if let priority = tier.priorityAtLeast { writer.value("priorityAtLeast", priority) }
        }
        block("law") { writer in
            writer.value("name", fleet.law.name)
            writer.parameters(fleet.law.parameters)
            writer.list("shadows", fleet.law.shadows) { writer, shadow in
                writer.value("name", shadow.name)
                writer.parameters(shadow.parameters)
            }
        }
        block("lease") { writer in
            writer.value("duration", fleet.lease.duration)
            writer.value("renewEvery", fleet.lease.renewEvery)
        }
        block("grant") { $0.value("ttl", fleet.grantTimeToLive) }
        block("onMissing") { writer in
            writer.value("action", fleet.onMissing.action.rawValue)
            writer.value("afterTicks", fleet.onMissing.afterTicks)
            if let fallback = fleet.onMissing.fallbackJitter { writer.value("fallbackJitter", fallback.nanoseconds) }
        }
        block("alerts") { $0.alerts(fleet.alerts) }
        let kept = [("log", fleet.retention.log), ("minuteRollups", fleet.retention.minuteRollups), ("hourRollups", fleet.retention.hourRollups)]
        if kept.contains(where: { $0.1 != nil }) {
            block("retention") { writer in
                for (name, days) in kept { if let days { writer.value(name, "\(days)d") } }
            }
        }
    }

    private mutating func alerts(_ alerts: AlertRouting) {
        value("groupWait", alerts.groupWait)
        value("groupInterval", alerts.groupInterval)
        value("repeatInterval", alerts.repeatInterval)
        if !alerts.externalURL.isEmpty { quoted("externalURL", alerts.externalURL) }
        if let heartbeat = alerts.heartbeat {
            block("heartbeat") { writer in
                writer.quoted("url", heartbeat.url)
                writer.value("every", heartbeat.every)
            }
        }
        list("rules", alerts.rules) { writer, rule in
            writer.value("name", rule.name)
            writer.value("for", rule.pendingFor)
            writer.value("keepFiringFor", rule.keepFiringFor)
            writer.value("severity", rule.severity.rawValue)
            writer.value("onNoData", rule.onNoData.rawValue)
            if !rule.runbook.isEmpty { writer.quoted("runbook", rule.runbook) }
            writer.value("enabled", rule.isEnabled)
        }
        list("receivers", alerts.receivers) { writer, receiver in
            writer.quoted("name", receiver.name)
            writer.quoted("url", receiver.url)
            writer.quoted("secretFile", receiver.secretFile)
            writer.value("format", receiver.format.rawValue)
        }
    }

    private mutating func parameters(_ parameters: [String: String]) {
        guard !parameters.isEmpty else { return }
        block("parameters") { writer in
            for (name, value) in parameters.sorted(by: { $0.key < $1.key }) { writer.quoted(doubleQuoted(name), value) }
        }
    }

    mutating func cluster(_ cluster: ClusterSpecification) {
        if cluster.ciliumName != nil || cluster.ciliumID != nil {
            block("cilium") { writer in
                writer.quoted("name", cluster.ciliumName)
                if let id = cluster.ciliumID { writer.value("id", id) }
            }
        }
        access(cluster.access)
        value("delivery", cluster.delivery.rawValue)
        value("mode", cluster.mode.rawValue)
        enforcer(cluster.enforcer)
        block("guardrails") { writer in
            writer.rate("min", cluster.guardrails.minimum)
            writer.rate("max", cluster.guardrails.maximum)
        }
        rate("autonomousCeiling", cluster.autonomousCeiling)
        switch cluster.usage {
        case .enforcer: value("usage", "enforcer")
        case .none: value("usage", "none")
        case .prometheus(let url, let query):
            block("usage") { writer in
                writer.block("prometheus") { writer in
                    writer.quoted("url", url)
                    writer.quoted("query", query)
                }
            }
        }
        list("flows", cluster.flows) { writer, flow in writer.flow(flow) }
        list("workloads", cluster.workloads) { writer, workload in writer.workload(workload) }
    }

    private mutating func access(_ access: APIAccess) {
        switch access {
        case .none: value("access", "none")
        case .inCluster: value("access", "inCluster")
        case .kubeconfig(nil, nil): value("access", "kubeconfig")
        case .kubeconfig(let path, let context):
            block("access") { writer in
                writer.block("kubeconfig") { writer in
                    writer.quoted("path", path)
                    writer.quoted("context", context)
                }
            }
        }
    }

    private mutating func enforcer(_ enforcer: EnforcerSpecification) {
        switch enforcer {
        case .kubernetes: value("enforcer", "kubernetes")
        case .tc(let device, let networkNamespace):
            block("enforcer") { writer in
                writer.block("tc") { writer in
                    writer.quoted("device", device)
                    writer.quoted("namespace", networkNamespace)
                }
            }
        case .simulated(let url):
            block("enforcer") { writer in writer.block("simulated") { $0.quoted("url", url) } }
        }
    }

    private mutating func flow(_ flow: FlowSpecification) {
        quoted("id", flow.id.text)
        value("protocol", flow.transport.rawValue)
        value("port", flow.port)
        quoted("slaClass", flow.slaClass)
        names("links", flow.links)
        rate("reserve", flow.reserve)
        block("source") { writer in
            switch flow.source {
            case .probe(let probe): writer.block("probe") { $0.probe(probe) }
            case .prometheus(let source):
                writer.block("prometheus") { writer in
                    writer.quoted("url", source.url)
                    writer.quoted("query", source.query)
                    writer.quoted("ageQuery", source.ageQuery)
                    writer.quoted("countQuery", source.countQuery)
                }
            case .trace(let path): writer.block("trace") { $0.quoted("path", path) }
            }
        }
    }

    private mutating func probe(_ probe: ProbeSpecification) {
        quoted("target", probe.host.contains(":") ? "[\(probe.host)]:\(probe.port)" : "\(probe.host):\(probe.port)")
        value("interval", probe.interval)
        value("timeout", probe.timeout)
        quoted("keyFile", probe.keyFile)
        quoted("vantage", probe.vantage)
    }

    private mutating func workload(_ workload: WorkloadSpecification) {
        quoted("id", workload.id.text)
        value("kind", workload.kind)
        quoted("namespace", workload.namespace)
        quoted("name", workload.name)
        rate("floor", workload.floor)
        rate("ceiling", workload.ceiling)
        value("weight", decimalText(workload.weightMillionths, scale: 6))
        quoted("tier", workload.tier)
        names("links", workload.links)
        rate("initial", workload.initial)
    }

    private mutating func names(_ key: String, _ names: [LinkID]) {
        line("\(key): [\(names.map { doubleQuoted($0.text) }.joined(separator: ", "))]")
    }
}
