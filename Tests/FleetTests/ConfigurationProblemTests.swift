import Fleet
import Testing

/// Aim: each way to be wrong is told with its place and the nearest right thing. Method: one edit of a right fleet, and the exact lines.
@Suite struct ConfigurationProblemTests {
    private let right = FleetFixture()

    @Test func `an unknown key is told with the key that was meant`() {
        #expect(right.plant("protocol: udp", "protocl: udp").problems == [
            "plant-a.yaml:9:7: spec.flows[0].protocol: is missing; write udp or tcp",
            "plant-a.yaml:10:7: spec.flows[0].protocl: unknown key; did you mean 'protocol'?",
        ])
        #expect(right.appending("  colour: red").problems == [
            "plant-a.yaml:22:3: spec.colour: unknown key; known: access, autonomousCeiling, cilium, delivery, enforcer, flows, guardrails, mode, usage, workloads"
        ])
    }

    @Test func `a rate without a unit is refused`() {
        #expect(right.plant("floor: 10M", "floor: 10").problems == [
            "plant-a.yaml:19:14: spec.workloads[0].floor: '10' has no unit; write 10M for megabits per second, or 10k, 10G"
        ])
        #expect(right.plant("reserve: 50M", "reserve: 50Mi").problems == [
            "plant-a.yaml:14:16: spec.flows[0].reserve: '50Mi' uses a binary suffix; rates are decimal: k, M, G, T"
        ])
    }

    @Test func `a time without a unit is refused`() {
        #expect(right.fleet("links:", "tick: 5\n  links:").problems == [
            "fleet.yaml:6:9: spec.tick: '5' has no unit; write 5ms or 5s"
        ])
    }

    @Test func `a port out of range is refused`() {
        #expect(right.plant("port: 5201", "port: 70000").problems == [
            "plant-a.yaml:11:13: spec.flows[0].port: 70000 is not in 1…65535"
        ])
        #expect(right.plant("127.0.0.1:8620", "127.0.0.1:0").problems == [
            "plant-a.yaml:16:25: spec.flows[0].source.probe.target: port '0' is not in 1…65535"
        ])
        #expect(right.plant("127.0.0.1:8620", "::1:8620").problems == [
            "plant-a.yaml:16:25: spec.flows[0].source.probe.target: '::1:8620' is ambiguous; write an IPv6 address in brackets, [address]:port"
        ])
    }

    @Test func `a name that nothing bears is told with the nearest one`() {
        #expect(right.plant("links: [uplink, wan]", "links: [uplnik, wan]").problems == [
            "plant-a.yaml:13:15: spec.flows[0].links[0]: there is no link 'uplnik'; did you mean 'uplink'?"
        ])
        #expect(right.plant("slaClass: robot-control", "slaClass: robots").problems == [
            "plant-a.yaml:12:17: spec.flows[0].slaClass: there is no class 'robots'; known: robot-control, safety-scanner"
        ])
        #expect(right.plant("floor: 10M", "floor: 10M\n      tier: bulky").problems == [
            "plant-a.yaml:20:13: spec.workloads[0].tier: there is no tier 'bulky'; did you mean 'bulk'?"
        ])
        #expect(right.fleet("capacity: 1G", "capacity: 1G\n      from: plant-b").problems == [
            "fleet.yaml:9:13: spec.links[0].from: there is no cluster 'plant-b'; did you mean 'plant-a'?"
        ])
    }

    @Test func `two clusters that Cilium would know by one name or one id are told with both places`() {
        func plant(_ name: String, cilium: String) -> (name: String, text: String) {
            let head = "apiVersion: fairlead.dev/v1alpha1\nkind: Cluster\nmetadata: {name: \(name)}\nspec:\n"
            return ("\(name).yaml", head + "  cilium: \(cilium)\n  enforcer: {simulated: {url: 'http://x'}}\n  guardrails: {min: 10M, max: 1G}\n")
        }
        func problems(_ first: String, _ second: String) -> [String] {
            FleetDocument.read([("fleet.yaml", right.fleet), plant("plant-a", cilium: first), plant("plant-b", cilium: second)]).problems.map(\.description)
        }
        #expect(problems("{name: mesh-a, id: 1}", "{name: mesh-b, id: 2}") == [])
        #expect(problems("{name: mesh-a, id: 1}", "{name: mesh-a, id: 1}") == [
            "plant-b.yaml:5:18: spec.cilium.name: a second cluster with the Cilium name mesh-a; the first stands at plant-a.yaml:5:18, and in a Cluster Mesh each has its own",
            "plant-b.yaml:5:30: spec.cilium.id: a second cluster with the Cilium id 1; the first stands at plant-a.yaml:5:30, and in a Cluster Mesh each has its own",
        ])
    }

    @Test func `two of one name are told with the place of the first`() {
        let second = (name: "b.yaml", text: right.plant)
        let files = [(name: "fleet.yaml", text: right.fleet), (name: "a.yaml", text: right.plant), second]
        #expect(FleetDocument.read(files).problems.map(\.description) == [
            "b.yaml:4:9: metadata.name: a second cluster 'plant-a'; the first stands at a.yaml:4:9"
        ])
        let twoFleets = FleetDocument.read([(name: "a.yaml", text: right.fleet), (name: "b.yaml", text: right.fleet)])
        #expect(twoFleets.problems.map(\.description).contains("b.yaml:2:7: kind: a second Fleet; the first stands at a.yaml:2:7"))
        #expect(right.fleet("id: wan", "id: uplink").problems.first
            == "fleet.yaml:9:11: spec.links[1].id: a second link 'uplink'; the first stands at fleet.yaml:7:11")
        #expect(right.appending("    - {id: telemetry-upload, floor: 10M}").problems.contains(
            "plant-a.yaml:22:12: spec.workloads[1].id: a second workload 'telemetry-upload' in this cluster"))
        #expect(right.fleet("{name: bulk, rank: 1}", "{name: bulk, rank: 0}").problems == [
            "fleet.yaml:13:26: spec.tiers[1].rank: tier 'business' has rank 0 already; each rank belongs to one tier"
        ])
    }

    @Test func `two workloads cannot manage one object`() {
        let twice = right.plant("ceiling: 1000M", "ceiling: 1000M\n      links: [wan]\n    - id: other\n      name: telemetry-upload\n      floor: 10M\n      ceiling: 20M")
        #expect(twice.problems == [
            "plant-a.yaml:22:7: spec.workloads[1]: Deployment default/telemetry-upload is managed already, as 'telemetry-upload'; each has one limit"
        ])
    }

    @Test func `a floor is never zero and never above its ceiling`() {
        #expect(right.plant("floor: 10M", "floor: 0").problems == [
            "plant-a.yaml:19:14: spec.workloads[0].floor: 0 would be read as unlimited; write at least 1k"
        ])
        #expect(right.plant("floor: 10M", "floor: 0M").problems == [
            "plant-a.yaml:19:14: spec.workloads[0].floor: 0M cannot be enforced and would be read as unlimited; write at least 1k"
        ])
        #expect(right.plant("floor: 10M", "floor: 600M").plant("ceiling: 1000M", "ceiling: 500M").problems == [
            "plant-a.yaml:19:14: spec.workloads[0].floor: 600M lies above the ceiling 500M"
        ])
    }

    @Test func `nothing lies outside the guardrails`() {
        #expect(right.plant("min: 10M", "min: 2G").problems == [
            "plant-a.yaml:7:21: spec.guardrails.min: 2G lies above the upper guardrail 1G"
        ])
        #expect(right.plant("min: 10M, max: 1000M", "min: 20M, max: 900M").problems == [
            "plant-a.yaml:19:14: spec.workloads[0].floor: 10M lies below the cluster's lower guardrail 20M",
            "plant-a.yaml:20:16: spec.workloads[0].ceiling: 1G lies above the cluster's upper guardrail 900M",
        ])
        #expect(right.plant("ceiling: 1000M", "ceiling: 1000M\n      initial: 5M").problems == [
            "plant-a.yaml:21:16: spec.workloads[0].initial: 5M is not in 10M…1G, its floor and ceiling"
        ])
    }

    @Test func `what is missing is named`() {
        #expect(right.plant("  guardrails: {min: 10M, max: 1000M}\n", "").problems == [
            "plant-a.yaml:6:3: spec.guardrails: is missing; write {min: 10M, max: 1000M}"
        ])
        #expect(right.plant("links: [uplink, wan]", "links:").problems == [
            "plant-a.yaml:13:7: spec.flows[0].links: is missing; name the links that it crosses"
        ])
        #expect(right.plant("kind: Cluster\n", "").problems == [
            "plant-a.yaml:1:1: kind: is missing; write kind: Fleet or kind: Cluster"
        ])
        #expect(FleetDocument.read([(name: "a.yaml", text: right.plant)]).problems.map(\.description) == [
            "a.yaml:1:1: no document of kind Fleet; one must state the links"
        ])
    }

    @Test func `a key that stands twice is told at the second`() {
        #expect(right.plant("floor: 10M", "floor: 10M\n      floor: 20M\n      floor: 30M").problems == [
            "plant-a.yaml:21:7: the key 'floor' stands twice, first in line 19; keep one"
        ])
        #expect(right.plant("id: robot-control", "id: robot-control\n      port: 70000").plant("floor: 10M", "floor: 10\n      floor: 10").problems == [
            "plant-a.yaml:12:7: the key 'port' stands twice, first in line 10; keep one",
            "plant-a.yaml:21:7: the key 'floor' stands twice, first in line 20; keep one",
            "plant-a.yaml:21:14: spec.workloads[0].floor: '10' has no unit; write 10M for megabits per second, or 10k, 10G",
        ])
    }

    @Test func `an unknown word is told with the word that was meant`() {
        #expect(right.plant("protocol: udp", "protocol: upd").problems == [
            "plant-a.yaml:10:17: spec.flows[0].protocol: 'upd' is not known here; did you mean 'udp'?"
        ])
        #expect(right.plant("kind: Cluster", "kind: Clutser").problems == [
            "plant-a.yaml:2:7: kind: 'Clutser' is not known here; did you mean 'Cluster'?"
        ])
        #expect(right.plant("v1alpha1", "v1").problems == [
            "plant-a.yaml:1:13: apiVersion: 'fairlead.dev/v1' is not known; write fairlead.dev/v1alpha1"
        ])
        #expect(right.fleet("links:", "law: {name: fixed-step@1, parameters: {increase: 10, decreese: 50M, decrease: 1}}\n  links:").problems.count == 3)
        #expect(right.fleet("links:", "law: {name: fixed-step@1, parameters: {increase: 10}}\n  links:").problems == [
            "fleet.yaml:6:52: spec.law.parameters.increase: 'increase' cannot be '10'; write 10M for megabits per second, or 10k, 10G"
        ])
        #expect(
            right.fleet("links:", "law: {shadows: [{name: hardened@1, parameters: {decreese: 50M}}]}\n  links:").problems.first?
                .contains("'decreese' is no parameter of this law; it has ") == true)
        #expect(right.fleet("links:", "law: {name: plateu@1}\n  links:").problems == [
            "fleet.yaml:6:15: spec.law.name: 'plateu@1' is not known here; did you mean 'plateau@1'?"
        ])
        #expect(right.plant("probe: {target", "prob: {target").problems == [
            "plant-a.yaml:16:15: spec.flows[0].source.prob: unknown key; did you mean 'probe'?"
        ])
        #expect(right.plant("{simulated: {url: \"http://127.0.0.1:9000\"}}", "tc").problems == [
            "plant-a.yaml:6:13: spec.enforcer: 'tc' needs its settings; write them below 'tc:'"
        ])
    }

    @Test func `a value of the wrong shape is told`() {
        #expect(right.plant("links: [uplink, wan]", "links: wan").problems == [
            "plant-a.yaml:13:14: spec.flows[0].links: 'wan' stands where a list belongs; begin each element with '- '"
        ])
        #expect(right.plant("floor: 10M", "floor: [10M]").problems == [
            "plant-a.yaml:19:14: spec.workloads[0].floor: a list stands where one word belongs"
        ])
        #expect(right.plant("{min: 10M, max: 1000M}", "10M").problems == [
            "plant-a.yaml:7:15: spec.guardrails: '10M' stands where keys and values belong"
        ])
    }

    @Test func `settings that contradict each other are told`() {
        #expect(right.plant("{simulated: {url: \"http://127.0.0.1:9000\"}}", "kubernetes").problems == [
            "plant-a.yaml:6:13: spec.enforcer: the kubernetes enforcer needs an API server; write access: inCluster or kubeconfig"
        ])
        #expect(right.plant("{simulated: {url: \"http://127.0.0.1:9000\"}}", "{tc: {device: eth0}}\n  delivery: push").problems == [
            "plant-a.yaml:7:13: spec.delivery: tc sets rates on the host itself, so nothing can be pushed to it; write pull or standalone"
        ])
        #expect(right.fleet("tiers:", "lease: {duration: 9s, renewEvery: 4s}\n  grant: {ttl: 6s}\n  tiers:").problems == [
            "fleet.yaml:11:37: spec.lease.renewEvery: 4s is more than a third of the duration 9s, so one lost renewal would depose a leader",
            "fleet.yaml:12:16: spec.grant.ttl: 6s is less than two ticks of 5s, so a grant would expire between two fetches",
        ])
        #expect(right.fleet("tiers:", "slaClasses: [{name: robot-control, target: 2ms, bound: 1500us}]\n  tiers:").problems == [
            "fleet.yaml:11:58: spec.slaClasses[0].bound: 1500us is not above the target 2ms"
        ])
        #expect(right.plant("reserve: 50M", "reserve: 1G").problems == [
            "fleet.yaml:7:11: spec.links[0].id: the critical flows keep 1G of it, and it carries 1G; lower a reserve or correct the capacity"
        ])
    }

    @Test func `a retention is whole days, and what is made from another lasts at least as long`() {
        func problems(_ retention: String) -> [String] { right.fleet("tiers:", "retention: \(retention)\n  tiers:").problems }
        #expect(problems("{log: 90d, minuteRollups: 90d, hourRollups: 3650d}") == [])
        #expect(problems("{log: 90d, minuteRollups: 400d}") == [])
        #expect(problems("{log: 90, minuteRollups: 36h, hourRollups: 0d}") == [
            "fleet.yaml:11:20: spec.retention.log: '90' is no number of days; write whole days with their unit, such as 90d",
            "fleet.yaml:11:39: spec.retention.minuteRollups: '36h' is no number of days; write whole days with their unit, such as 90d",
            "fleet.yaml:11:57: spec.retention.hourRollups: 0d is not in 1d…36500d",
        ])
        #expect(problems("{log: 90d, minuteRollups: 30d, hourRollups: 20d}") == [
            "fleet.yaml:11:40: spec.retention.minuteRollups: 30d is shorter than log with 90d, from which these are made; write at least 90d",
            "fleet.yaml:11:58: spec.retention.hourRollups: 20d is shorter than minuteRollups with 30d, from which these are made; write at least 30d",
        ])
        #expect(problems("{hourRollups: 400d}") == [
            "fleet.yaml:11:28: spec.retention.hourRollups: 400d is shorter than minuteRollups, which is kept for ever; say how long that is kept, or leave this out"
        ])
        #expect(problems("{ticks: 30d}").count == 1)
    }

    @Test func `a priority finds its tier, by class or by value, and one that finds none is told`() {
        let tiers = "tiers: [{name: gpu, rank: 0, priorityClasses: [gpu-high], priorityAtLeast: 1000}, {name: rest, rank: 5, priorityAtLeast: 0}]"
        let mapped = right.fleet("links:", "\(tiers)\n  links:").fleet("\n  tiers:\n    - {name: business, rank: 0}\n    - {name: bulk, rank: 1}", "")
        func tier(_ line: String) -> String? {
            mapped.plant("floor: 10M", "floor: 10M\n      \(line)").read().configuration?.clusters.first?.workloads.first?.tier
        }
        #expect(tier("priorityClass: gpu-high") == "gpu")
        #expect(tier("priority: 1000") == "gpu" && tier("priority: 2000000000") == "gpu")
        #expect(tier("priority: 999") == "rest" && tier("priority: 0") == "rest")
        func problems(_ line: String) -> [String] { mapped.plant("floor: 10M", "floor: 10M\n      \(line)").problems.map { String($0.split(separator: " ", maxSplits: 1)[1]) } }
        #expect(problems("priorityClass: gpu-hihg") == ["spec.workloads[0].priorityClass: no tier of the fleet has the priority class 'gpu-hihg'; did you mean 'gpu-high'?"])
        #expect(problems("priority: -1") == ["spec.workloads[0].priority: no tier of the fleet takes the priority -1; the lowest begins at 0"])
        #expect(problems("tier: gpu\n      priority: 5") == ["spec.workloads[0].priority: write one of tier, priorityClass and priority: each tells the tier"])
        let contrary = right.fleet("links:", "tiers: [{name: a, rank: 0, priorityAtLeast: 5}, {name: b, rank: 1, priorityAtLeast: 9, priorityClasses: [x, x]}]\n  links:")
            .fleet("\n  tiers:\n    - {name: business, rank: 0}\n    - {name: bulk, rank: 1}", "").problems.map { String($0.split(separator: " ", maxSplits: 1)[1]) }
        #expect(contrary == [
            "spec.tiers[1].priorityAtLeast: tier 'a' begins at 5: of two tiers the one of the lower rank begins at the higher priority",
            "spec.tiers[1].priorityClasses[1]: the priority class 'x' is named twice",
        ])
    }

    @Test func `a device has one limit, so a tc cluster has one workload`() {
        let second = "workloads:\n    - {id: second, floor: 10M, ceiling: 20M, links: [wan]}"
        let device = right.plant("{simulated: {url: \"http://127.0.0.1:9000\"}}", "{tc: {device: eth0}}")
        #expect(device.problems.isEmpty)
        #expect(device.plant("workloads:", second).problems == [
            "plant-a.yaml:19:7: spec.workloads[1]: the device eth0 has one limit, so a cluster with tc has one workload; write a cluster for each device"
        ])
    }

    @Test func `no data never resolves an alert, whatever the file wants`() {
        let alerts = "alerts: {rules: [{name: ShiperSilent}, {name: MeasurementMissing, onNoData: resolve}]}\n  tiers:"
        #expect(right.fleet("tiers:", alerts).problems == [
            "fleet.yaml:11:27: spec.alerts.rules[0].name: 'ShiperSilent' is not known here; did you mean 'ShipperSilent'?",
            "fleet.yaml:11:79: spec.alerts.rules[1].onNoData: no data never resolves an alert; write keep or alert",
        ])
    }

    @Test func `text that is no YAML is told with its place and the other files are read on`() {
        #expect(right.plant("      port: 5201", "\tport: 5201").fleet("capacity: 2G", "capacity: 2").problems == [
            "fleet.yaml:10:17: spec.links[1].capacity: '2' has no unit; write 2M for megabits per second, or 2k, 2G",
            "plant-a.yaml:11:1: is not YAML: while scanning a plain scalar, found a tab character that violates indentation; the line begins with a tab, and YAML indents with spaces",
        ])
        #expect(FleetDocument.read([(name: "empty.yaml", text: "# nothing\n")]).problems.map(\.description) == [
            "empty.yaml:1:1: no document of kind Fleet; one must state the links"
        ])
        #expect(FleetDocument.read([(name: "word.yaml", text: "hello")]).problems.map(\.description).first
            == "word.yaml:1:1: 'hello' stands where keys and values belong")
    }

    @Test func `all errors of all files are told at once and nothing is handed out`() {
        let spoiled = right.fleet("capacity: 1G", "capacity: 1000000000").plant("port: 5201", "port: 0").plant("floor: 10M", "flor: 10M")
        let (configuration, problems) = spoiled.read()
        #expect(configuration == nil)
        #expect(problems.map(\.description) == [
            "fleet.yaml:8:17: spec.links[0].capacity: '1000000000' has no unit; write 1G if bits per second are meant",
            "plant-a.yaml:11:13: spec.flows[0].port: 0 is not in 1…65535",
            "plant-a.yaml:18:7: spec.workloads[0].floor: is missing; write the rate that it keeps whatever happens, such as 10M",
            "plant-a.yaml:19:7: spec.workloads[0].flor: unknown key; did you mean 'floor'?",
        ])
    }
}

extension FleetFixture {
    /// The plant's file with a line added at the end.
    func appending(_ line: String) -> FleetFixture {
        var copy = self
        copy.plant += "\n" + line
        return copy
    }
}
