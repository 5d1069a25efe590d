import Quantities

/// Reads the documents of kind `Cluster`.
struct ClusterReader {
    let names: DeclaredNames

    func read(_ header: DocumentHeader) -> ClusterSpecification? {
        if let name = header.name, let field = header.nameField {
            if let first = names.clusters[name] {
                field.report("a second cluster '\(name)'; the first stands at \(first.place.description)")
            } else {
                names.clusters[name] = field
            }
        }
        guard let spec = header.spec else { return nil }
        let cilium = spec.optional("cilium")?.object()
        let ciliumNameField = cilium?.optional("name")
        let ciliumName = ciliumNameField?.name()
        // Cilium numbers the clusters of a mesh from 1 to 255, or to 511 where it was told to.
        let ciliumIDField = cilium?.optional("id")
        let ciliumID = ciliumIDField?.integer(in: 1...511)
        cilium?.finish()
        if let ciliumName, let ciliumNameField { names.claim(ciliumName, at: ciliumNameField, of: "name", in: \.ciliumNames) }
        if let ciliumID, let ciliumIDField { names.claim("\(ciliumID)", at: ciliumIDField, of: "id", in: \.ciliumIDs) }
        let accessField = spec.optional("access")
        let access = accessField.flatMap(apiAccess) ?? .none
        let deliveryField = spec.optional("delivery")
        let delivery = deliveryField?.oneOf(ClusterSpecification.Delivery.self) ?? .pull
        let mode = spec.optional("mode")?.oneOf(ClusterSpecification.Mode.self) ?? .observe
        let enforcerField = spec.required("enforcer", hint: "write kubernetes, tc or simulated")
        let enforcer = enforcerField.flatMap(enforcer)
        if enforcer == .kubernetes, access == .none {
            (accessField ?? enforcerField)?.report("the kubernetes enforcer needs an API server; write access: inCluster or kubeconfig")
        }
        if case .tc = enforcer, delivery == .push {
            deliveryField?.report("tc sets rates on the host itself, so nothing can be pushed to it; write pull or standalone")
        }
        let guardrails = spec.required("guardrails", hint: "write {min: 10M, max: 1000M}")?.object().flatMap(guardrails)
        let ceilingField = spec.optional("autonomousCeiling")
        let autonomousCeiling = ceilingField?.enforceableRate()
        if let autonomousCeiling, let guardrails, autonomousCeiling < guardrails.minimum {
            ceilingField?.report("\(autonomousCeiling) lies below the lower guardrail \(guardrails.minimum)")
        }
        let usage = usageSource(spec.optional("usage"), enforcer: enforcer)
        let flows = FlowReader(names: names, vantage: header.name ?? "").read(spec.optional("flows"))
        var device: String?
        if case .tc(let name, _) = enforcer { device = name }
        let workloads = WorkloadReader(names: names, guardrails: guardrails, device: device).read(spec.optional("workloads"))
        spec.finish()
        guard let name = header.name, let enforcer, let guardrails else { return nil }
        return ClusterSpecification(
            id: ClusterID(name), ciliumName: ciliumName, ciliumID: ciliumID, access: access, delivery: delivery, mode: mode,
            enforcer: enforcer, guardrails: guardrails, autonomousCeiling: autonomousCeiling, flows: flows, workloads: workloads,
            usage: usage)
    }

    private func apiAccess(_ field: ConfigurationField) -> APIAccess? {
        // `kubeconfig` alone means the usual file and its current context.
        if field.word == "kubeconfig" { return .kubeconfig(path: nil, context: nil) }
        guard let (name, body) = field.choice(words: ["none", "inCluster"], objects: ["kubeconfig"]) else { return nil }
        guard let body else { return name == "inCluster" ? .inCluster : APIAccess.none }
        let path = body.optional("path")?.nonEmptyText()
        let context = body.optional("context")?.nonEmptyText()
        body.finish()
        return .kubeconfig(path: path, context: context)
    }

    private func enforcer(_ field: ConfigurationField) -> EnforcerSpecification? {
        guard let (name, body) = field.choice(words: ["kubernetes"], objects: ["tc", "simulated"]) else { return nil }
        guard let body else { return .kubernetes }
        defer { body.finish() }
        if name == "tc" {
            let device = body.required("device", hint: "write the network device, such as eth0")?.nonEmptyText()
            let namespace = body.optional("namespace")?.nonEmptyText()
            return device.map { .tc(device: $0, networkNamespace: namespace) }
        }
        return body.required("url")?.url(schemes: ["http://", "https://", "unix:"]).map { .simulated(url: $0) }
    }

    private func guardrails(_ object: ConfigurationObject) -> Guardrails? {
        let minimumField = object.required("min")
        let minimum = minimumField?.enforceableRate()
        let maximum = object.required("max")?.enforceableRate()
        object.finish()
        guard let minimum, let maximum else { return nil }
        guard minimum <= maximum else {
            minimumField?.report("\(minimum) lies above the upper guardrail \(maximum)")
            return nil
        }
        return Guardrails(minimum: minimum, maximum: maximum)
    }

    /// Cilium's annotation counts nothing, so there is no counter by default where Kubernetes enforces.
    private func usageSource(_ field: ConfigurationField?, enforcer: EnforcerSpecification?) -> UsageSourceSpecification {
        guard let field else { return enforcer == .kubernetes ? .none : .enforcer }
        guard let (name, body) = field.choice(words: ["enforcer", "none"], objects: ["prometheus"]) else { return .none }
        if name == "enforcer", enforcer == .kubernetes {
            field.report("the kubernetes enforcer counts nothing; write prometheus or none")
        }
        guard let body else { return name == "enforcer" ? .enforcer : UsageSourceSpecification.none }
        let url = body.required("url")?.url()
        let query = body.required("query")?.nonEmptyText()
        body.finish()
        guard let url, let query else { return .none }
        return .prometheus(url: url, query: query)
    }
}

extension DeclaredNames {
    /// What Cilium knows a cluster by belongs to one cluster: a mesh with two of a kind joins neither.
    func claim(_ value: String, at field: ConfigurationField, of kind: String, in table: ReferenceWritableKeyPath<DeclaredNames, [String: ConfigurationField]>) {
        if let first = self[keyPath: table][value] {
            field.report("a second cluster with the Cilium \(kind) \(value); the first stands at \(first.place.description), and in a Cluster Mesh each has its own")
        } else {
            self[keyPath: table][value] = field
        }
    }

    /// The links that a flow or a workload crosses: at least one, each declared, none twice.
    func links(of object: ConfigurationObject) -> [LinkID] {
        guard let field = object.required("links", hint: "name the links that it crosses"), let elements = field.elements() else { return [] }
        if elements.isEmpty { field.report("is empty; name the links that it crosses") }
        var crossed: [LinkID] = []
        for element in elements {
            guard let name = element.text() else { continue }
            if crossed.contains(LinkID(name)) { element.report("the link '\(name)' is named twice") }
            if areKnown, links[name] == nil {
                element.report("there is no link '\(name)'; \(NearestName.hint(for: name, among: Array(links.keys)))")
            }
            crossed.append(LinkID(name))
        }
        return crossed
    }
}
