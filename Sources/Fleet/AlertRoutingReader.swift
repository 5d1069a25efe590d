import Quantities

/// Reads `spec.alerts` of the Fleet document. Each shipped rule is there with its defaults; the file changes what it names.
struct AlertRoutingReader {
    func read(_ object: ConfigurationObject) -> AlertRouting {
        var routing = AlertRouting()
        let patience = Nanoseconds.zero...(.seconds(24 * 3600))
        if let wait = object.optional("groupWait")?.time(in: patience) { routing.groupWait = wait }
        if let interval = object.optional("groupInterval")?.time(in: patience) { routing.groupInterval = interval }
        if let interval = object.optional("repeatInterval")?.time(in: .seconds(1)...(.seconds(7 * 24 * 3600))) {
            routing.repeatInterval = interval
        }
        if let url = object.optional("externalURL")?.url() { routing.externalURL = url }
        if let heartbeat = object.optional("heartbeat")?.object() {
            let url = heartbeat.required("url")?.url()
            let every = heartbeat.optional("every")?.time(in: .seconds(1)...(.seconds(24 * 3600))) ?? .seconds(60)
            heartbeat.finish()
            routing.heartbeat = url.map { HeartbeatSpecification(url: $0, every: every) }
        }
        var named: Set<String> = []
        for element in object.optional("rules")?.elements() ?? [] {
            if let rule = element.object() { change(&routing.rules, by: rule, named: &named) }
        }
        for element in object.optional("receivers")?.elements() ?? [] {
            if let receiver = element.object().flatMap({ read(receiver: $0, others: routing.receivers) }) {
                routing.receivers.append(receiver)
            }
        }
        object.finish()
        return routing
    }

    private func change(_ rules: inout [AlertRuleSpecification], by object: ConfigurationObject, named: inout Set<String>) {
        let nameField = object.required("name")
        let name = nameField?.oneOf(rules.map(\.name))
        if let name, !named.insert(name).inserted { nameField?.report("a second time the rule '\(name)'") }
        let patience = Nanoseconds.zero...(.seconds(7 * 24 * 3600))
        let pendingFor = object.optional("for")?.time(in: patience)
        let keepFiringFor = object.optional("keepFiringFor")?.time(in: patience)
        let severity = object.optional("severity")?.oneOf(AlertRuleSpecification.Severity.self)
        let noDataField = object.optional("onNoData")
        let noData = noDataField.flatMap(noData)
        let runbook = object.optional("runbook")?.url()
        let isEnabled = object.optional("enabled")?.boolean()
        object.finish()
        guard let name, let index = rules.firstIndex(where: { $0.name == name }) else { return }
        if let pendingFor { rules[index].pendingFor = pendingFor }
        if let keepFiringFor { rules[index].keepFiringFor = keepFiringFor }
        if let severity { rules[index].severity = severity }
        if let noData { rules[index].onNoData = noData }
        if let runbook { rules[index].runbook = runbook }
        if let isEnabled { rules[index].isEnabled = isEnabled }
    }

    private func noData(_ field: ConfigurationField) -> AlertRuleSpecification.NoData? {
        if field.word == "resolve" {
            field.report("no data never resolves an alert; write keep or alert")
            return nil
        }
        return field.oneOf(AlertRuleSpecification.NoData.self)
    }

    private func read(receiver object: ConfigurationObject, others: [WebhookReceiver]) -> WebhookReceiver? {
        let nameField = object.required("name")
        let name = nameField?.name()
        if let name, others.contains(where: { $0.name == name }) { nameField?.report("a second receiver '\(name)'") }
        let url = object.required("url")?.url()
        let secretFile = object.optional("secretFile")?.nonEmptyText()
        let format = object.optional("format")?.oneOf(WebhookReceiver.Format.self) ?? .alertmanager
        object.finish()
        guard let name, let url else { return nil }
        return WebhookReceiver(name: name, url: url, secretFile: secretFile, format: format)
    }
}
