using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using YamlDotNet.Core;

namespace Yggdrasil.Infra.Tests.Containers;

public class KubernetesTests
{
    private static readonly V1Deployment Agents = Manifests.Get<V1Deployment>();
    private static readonly V1Container Container = Agents.Spec.Template.Spec.Containers.Single();

    [Fact]
    public void Every_file_of_the_folder_is_applied_and_every_kind_is_there()
    {
        var applied = Manifests.Kustomization.Resources
            .Concat(Manifests.Kustomization.ConfigMapGenerator.SelectMany(map => map.Envs.Concat(map.Files.Select(file => file.Split('=')[^1]))));
        Assert.Equal(
            Directory.EnumerateFiles(Manifests.Folder).Select(Path.GetFileName).Where(file => file != "kustomization.yaml").Order(), applied.Order());
        Assert.Equal(
            [
                "Deployment", "Deployment", "Namespace", "NetworkPolicy", "NetworkPolicy", "NetworkPolicy", "PodDisruptionBudget", "ScaledObject",
                "Service", "Service", "ServiceAccount", "TriggerAuthentication",
            ],
            Manifests.All.Cast<IKubernetesObject>().Select(one => one.Kind).Order());
    }

    [Theory]
    [InlineData("replicas: 1", "replicaz: 1")]
    [InlineData("replicas: 1", "replicas: many")]
    [InlineData("image: otel", "imag: otel")]
    public void A_field_that_Kubernetes_does_not_know_is_noticed(string right, string wrong)
    {
        var text = Repository.Read("infra", "kubernetes", "collector.yaml");
        Assert.Contains(right, text, StringComparison.Ordinal);
        Assert.ThrowsAny<YamlException>(() => KubernetesYaml.LoadAllFromString(text.Replace(right, wrong, StringComparison.Ordinal), strict: true));
    }

    [Fact]
    public void Probes_ask_what_the_app_answers()
    {
        var port = Container.Ports.Single(one => one.Name == "http").ContainerPort;
        Assert.Equal("/live", Container.LivenessProbe.HttpGet.Path);
        Assert.Equal("/ready", Container.ReadinessProbe.HttpGet.Path);
        Assert.Equal("/live", Container.StartupProbe.HttpGet.Path);
        Assert.All([Container.LivenessProbe, Container.ReadinessProbe, Container.StartupProbe], probe => Assert.Equal("http", probe.HttpGet.Port.Value));
        Assert.Contains($"ASPNETCORE_URLS=http://+:{port}", Repository.Read("Dockerfile"), StringComparison.Ordinal);
        var routes = Repository.Read("src", "Functions", "Http", "Operations", "ProbeFunctions.cs");
        Assert.Contains("Route = \"live\"", routes, StringComparison.Ordinal);
        Assert.Contains("Route = \"ready\"", routes, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_container_says_what_it_needs_and_may_do_no_more_than_it_must() => Assert.All(Manifests.All.OfType<V1Deployment>(), deployment =>
    {
        var pod = deployment.Spec.Template.Spec;
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.All(pod.Containers, container =>
        {
            Assert.Equal(["cpu", "memory"], container.Resources.Requests.Keys.Order());
            Assert.Equal(["cpu", "memory"], container.Resources.Limits.Keys.Order());
            Assert.True(container.Resources.Limits["memory"].ToInt64() > container.Resources.Requests["memory"].ToInt64());
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        });
    });

    [Fact]
    public void The_app_may_write_where_its_image_and_compose_let_it_and_nowhere_else()
    {
        var folders = Container.VolumeMounts.Select(mount => mount.MountPath).Order().ToList();
        Assert.Equal(["/home/ASP.NET", "/home/LogFiles", "/home/data", "/tmp"], folders.Order(StringComparer.Ordinal));
        Assert.All(Container.VolumeMounts, mount => Assert.NotNull(Agents.Spec.Template.Spec.Volumes.Single(volume => volume.Name == mount.Name).EmptyDir));
        Assert.All(folders.Where(folder => folder != "/tmp"), folder => Assert.Contains($" {folder}", Repository.Read("Dockerfile"), StringComparison.Ordinal));
        Assert.Contains("HOME=/tmp", Repository.Read("Dockerfile"), StringComparison.Ordinal);
        Assert.Contains("read_only: true", Repository.Read("compose.yaml"), StringComparison.Ordinal);
        Assert.All(folders, folder => Assert.Contains($"- {folder}", Repository.Read("compose.yaml"), StringComparison.Ordinal));
    }

    [Fact]
    public void The_app_reaches_no_internal_address_and_no_service_of_the_machine_it_runs_on()
    {
        var outside = Manifests.Get<V1NetworkPolicy>("agents").Spec.Egress.SelectMany(rule => rule.To).Select(peer => peer.IpBlock).OfType<V1IPBlock>().Single();
        Assert.Equal("0.0.0.0/0", outside.Cidr);
        Assert.Equal(
            ["10.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
            outside.Except.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Pods_are_found_by_everything_that_selects_them()
    {
        Assert.All(Manifests.All.OfType<V1Deployment>(), deployment =>
        {
            var labels = deployment.Spec.Template.Metadata.Labels;
            Assert.Subset(Pairs(labels), Pairs(deployment.Spec.Selector.MatchLabels));
            Assert.Subset(Pairs(labels), Pairs(Manifests.Get<V1Service>(deployment.Metadata.Name).Spec.Selector));
            Assert.Subset(Pairs(labels), Pairs(Manifests.Get<V1NetworkPolicy>(deployment.Metadata.Name).Spec.PodSelector.MatchLabels));
        });
        Assert.Subset(Pairs(Agents.Spec.Template.Metadata.Labels), Pairs(Manifests.Get<V1PodDisruptionBudget>().Spec.Selector.MatchLabels));
        Assert.Equal(Agents.Metadata.Name, Manifests.Get<ScaledObject>().Spec.ScaleTargetRef.Name);
    }

    [Fact]
    public void What_is_referred_to_is_there()
    {
        var maps = Manifests.Kustomization.ConfigMapGenerator.Select(map => map.Name).ToList();
        Assert.All(Container.EnvFrom, source => Assert.Contains(source.ConfigMapRef.Name, maps));
        Assert.Contains(Manifests.Get<V1Deployment>("collector").Spec.Template.Spec.Volumes.Single().ConfigMap.Name, maps);
        Assert.Equal(Manifests.Get<V1ServiceAccount>().Metadata.Name, Agents.Spec.Template.Spec.ServiceAccountName);
        Assert.Equal([Container.Image], Manifests.Kustomization.Images.Select(image => image.Name));
        Assert.All(
            Manifests.Get<ScaledObject>().Spec.Triggers.Where(trigger => trigger.AuthenticationRef is not null),
            trigger => Assert.Equal(Manifests.Get<TriggerAuthentication>("agents-storage").Metadata.Name, trigger.AuthenticationRef!.Name));
        Assert.Equal(Manifests.Kustomization.Namespace, Manifests.Get<V1Namespace>("yggdrasil").Metadata.Name);
    }

    [Fact]
    public void The_app_is_somebody_by_workload_identity()
    {
        Assert.Equal("true", Agents.Spec.Template.Metadata.Labels["azure.workload.identity/use"]);
        Assert.Contains("azure.workload.identity/client-id", Manifests.Get<V1ServiceAccount>().Metadata.Annotations.Keys);
        Assert.Equal("azure-workload", Manifests.Get<TriggerAuthentication>("agents-storage").Spec.PodIdentity.Provider);
        // Either would make the app ask for a managed identity, which pods do not have.
        Assert.DoesNotContain("AzureWebJobsStorage__clientId", Manifests.Settings.Keys);
        Assert.DoesNotContain("AzureWebJobsStorage__credential", Manifests.Settings.Keys);
    }

    [Fact]
    public void Instances_follow_the_queues_that_the_app_has()
    {
        var hub = JsonNode.Parse(Repository.Read("src", "Functions", "host.json"))!["extensions"]!["durableTask"]!["hubName"]!.GetValue<string>();
        Assert.Equal(
            ["prompts", "run-backups", $"{hub.ToLowerInvariant()}-workitems"],
            Manifests.Get<ScaledObject>().Spec.Triggers.Where(trigger => trigger.Type == "azure-queue").Select(trigger => trigger.Metadata["queueName"]));
    }

    [Fact]
    public void The_app_starts_with_its_settings()
    {
        ProductSettings.Validate(Manifests.Settings, Environments.Production);
        Assert.All(
            Manifests.Settings.Keys.Where(name => name is not ("AzureWebJobsStorage__accountName" or "OTEL_EXPORTER_OTLP_ENDPOINT")),
            name => Assert.Contains(ProductSettings.Sections, section => name.StartsWith($"{section}__", StringComparison.Ordinal)));
    }

    [Fact]
    public void Telemetry_goes_to_the_collector_and_from_there_to_Prometheus()
    {
        var service = Manifests.Get<V1Service>("collector");
        Assert.Equal($"http://{service.Metadata.Name}:4317", Manifests.Settings["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal([4317, 8889], service.Spec.Ports.Select(port => port.Port));

        var collector = KubernetesYaml.Deserialize<Dictionary<string, object>>(Repository.Read("infra", "kubernetes", "collector-config.yaml"));
        var pipelines = Child(Child(collector, "service"), "pipelines");
        Assert.Equal(["logs", "metrics", "traces"], pipelines.Keys.Cast<string>().Order());
        // Every part of a pipeline is configured, and everything configured is part of one.
        Assert.All((string[])["receivers", "processors", "exporters"], kind => Assert.Equal(
            Child(collector, kind).Keys.Cast<string>().Order(),
            pipelines.Values.Cast<IDictionary<object, object>>().SelectMany(pipeline => (List<object>)pipeline[kind]).Cast<string>().Distinct().Order()));
        Assert.Equal(["prometheus"], (List<object>)Child(pipelines, "metrics")["exporters"]);
        Assert.Equal("0.0.0.0:8889", Child(Child(collector, "exporters"), "prometheus")["endpoint"]);
    }

    private static IDictionary<object, object> Child(IDictionary<object, object> parent, string name) => (IDictionary<object, object>)parent[name];

    private static IDictionary<object, object> Child(Dictionary<string, object> parent, string name) => (IDictionary<object, object>)parent[name];

    private static HashSet<(string, string)> Pairs(IDictionary<string, string> labels) => [.. labels.Select(pair => (pair.Key, pair.Value))];
}
