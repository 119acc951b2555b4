using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Agents.Files;
using Yggdrasil.Agents.Skills;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tools;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tests.Agents.Files;

/// <summary>A folder of agents in a place of its own.</summary>
internal sealed class AgentFolderFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("yggdrasil-agents-").FullName;

    public AgentFolderFixture()
    {
        Directory.CreateDirectory(Folder);
        Directory.CreateDirectory(SkillsFolder);
        Options = new AgentFileOptions { Folder = Folder, SkillsFolder = SkillsFolder, Model = "scripted:one" };
    }

    public string Folder => Path.Combine(_root, "agents");

    public string SkillsFolder => Path.Combine(_root, "skills");

    public AgentFileOptions Options { get; }

    public Dictionary<string, string?> Settings { get; } = [];

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(Folder, name), text);

    /// <summary>An agent with nothing but what is required, and some more fields.</summary>
    public void Write(string name, string fields, string body) => Write(name, $"---\nname: Test\ndescription: A test.\n{fields}\n---\n{body}\n");

    public void WriteSkill(string name, string text, params (string File, string Text)[] files)
    {
        foreach (var (file, content) in files.Append(("SKILL.md", text)))
        {
            var path = Path.Combine(SkillsFolder, name, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }
    }

    public SkillCatalog LoadSkills() => new(new SkillFiles(new AppFolders(Options)));

    public ConfiguredAgents Load()
    {
        var skills = LoadSkills();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(Settings).Build();
        var reader = new AgentFileReader(Options, new AgentVariables(configuration), new AgentFileTools(ToolRegistration.Of(typeof(EchoTools)), new McpOptions()), skills);
        return new ConfiguredAgents(
            [new SettingsAgents(configuration), new AgentFiles(new AppFolders(Options), reader)],
            new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions(), skills: skills),
            TimeProvider.System);
    }

    public AgentDefinition LoadOne(string id = "one") => Load().Find(id)!.Definition;

    public IReadOnlyList<string> Problems() => [.. Assert.Throws<OptionsValidationException>(Load).Failures];

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>What the app registers of its own.</summary>
    internal sealed class EchoTools
    {
        [AgentTool]
        public static string Echo(string text) => text;

        [AgentTool]
        public static string Post(string text) => text;
    }
}
