using k8s;
using k8s.Models;

namespace Yggdrasil.Infra.Tests.Containers;

/// <summary>The Kubernetes manifests. What has an unknown field, or a value of the wrong kind, does not load.</summary>
internal static class Manifests
{
    public static string Folder { get; } = Repository.PathOf("infra", "kubernetes");

    private static readonly Dictionary<string, Type> Types = new()
    {
        ["keda.sh/v1alpha1/ScaledObject"] = typeof(ScaledObject),
        ["keda.sh/v1alpha1/TriggerAuthentication"] = typeof(TriggerAuthentication),
    };

    public static Kustomization Kustomization { get; } =
        KubernetesYaml.Deserialize<Kustomization>(File.ReadAllText(Path.Combine(Folder, "kustomization.yaml")), strict: true);

    public static IReadOnlyList<object> All { get; } = [.. Kustomization.Resources.SelectMany(file =>
        KubernetesYaml.LoadAllFromString(File.ReadAllText(Path.Combine(Folder, file)), Types, strict: true))];

    public static T Get<T>(string name = "agents")
        where T : IMetadata<V1ObjectMeta> => All.OfType<T>().Single(one => one.Metadata.Name == name);

    public static IReadOnlyDictionary<string, string?> Settings { get; } = File.ReadLines(Path.Combine(Folder, "settings.env"))
        .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
}

/// <summary>What kubectl -k reads.</summary>
internal sealed class Kustomization
{
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public string Namespace { get; set; } = "";

    public IList<string> Resources { get; set; } = [];

    public IList<Generator> ConfigMapGenerator { get; set; } = [];

    public IList<Image> Images { get; set; } = [];

    internal sealed class Generator
    {
        public string Name { get; set; } = "";

        public IList<string> Envs { get; set; } = [];

        public IList<string> Files { get; set; } = [];
    }

    internal sealed class Image
    {
        public string Name { get; set; } = "";

        public string? NewName { get; set; }

        public string? NewTag { get; set; }
    }
}

/// <summary>As far as https://keda.sh/docs/latest/reference/scaledobject-spec says it and it is used here.</summary>
internal sealed class ScaledObject : IKubernetesObject, IMetadata<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public ScaledObjectSpec Spec { get; set; } = new();
}

internal sealed class ScaledObjectSpec
{
    public V1LocalObjectReference ScaleTargetRef { get; set; } = new();

    public int PollingInterval { get; set; }

    public int CooldownPeriod { get; set; }

    public int MinReplicaCount { get; set; }

    public int MaxReplicaCount { get; set; }

    public IList<ScaleTrigger> Triggers { get; set; } = [];
}

internal sealed class ScaleTrigger
{
    public string Type { get; set; } = "";

    public string? MetricType { get; set; }

    public IDictionary<string, string> Metadata { get; set; } = new Dictionary<string, string>();

    public V1LocalObjectReference? AuthenticationRef { get; set; }
}

/// <summary>Likewise, https://keda.sh/docs/latest/concepts/authentication.</summary>
internal sealed class TriggerAuthentication : IKubernetesObject, IMetadata<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public TriggerAuthenticationSpec Spec { get; set; } = new();
}

internal sealed class TriggerAuthenticationSpec
{
    public PodIdentitySpec PodIdentity { get; set; } = new();

    internal sealed class PodIdentitySpec
    {
        public string Provider { get; set; } = "";

        public string? IdentityId { get; set; }
    }
}
