using Microsoft.Extensions.Options;
using Yggdrasil.Agents.Skills;
using Yggdrasil.Identity;
using Yggdrasil.Tests.Agents.Files;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Agents.Skills;

public sealed class SkillTests : IDisposable
{
    private readonly AgentFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Skill_is_described_by_its_front_matter_and_read_with_its_files()
    {
        _folder.WriteSkill(
            "refunds",
            "---\nname: refunds\ndescription: How refunds are made.\nlicense: MIT\nmetadata:\n  author: us\nallowed-tools: Read\n---\n\nAsk for the order.\n",
            ("references/limits.md", "100 euros"), ("table.csv", "a,b"), (".hidden", "no"));
        var tool = new SkillTool(_folder.LoadSkills());

        Assert.Equal("Ask for the order.\n\nFiles of this skill: references/limits.md, table.csv.", tool.Read(Context("refunds"), "refunds"));
        Assert.Equal("100 euros", tool.Read(Context("refunds"), "refunds", "references/limits.md"));
        Assert.Equal(
            "# Skills\nBefore you do what a skill is for, read it with read_skill.\n- refunds: How refunds are made.",
            _folder.LoadSkills().Describe(["refunds", "gone"]));
    }

    /// <summary>Attacks: what a model that was told to may ask for.</summary>
    [Theory]
    [InlineData("refunds", "../secret.txt")]
    [InlineData("refunds", "references/../../secret.txt")]
    [InlineData("refunds", "..\\secret.txt")]
    [InlineData("refunds", "/etc/passwd")]
    [InlineData("refunds", "references")]
    [InlineData("refunds", "./limits.md")]
    [InlineData("refunds", "LIMITS.MD")]
    [InlineData("refunds", "%2e%2e/secret.txt")]
    [InlineData("../agents", "")]
    [InlineData("orders", "")]
    [InlineData("Refunds", "")]
    public void Nothing_but_files_of_the_agents_skills_is_read(string skill, string file)
    {
        _folder.WriteSkill("refunds", "---\nname: refunds\ndescription: Refunds.\n---\nText", ("limits.md", "x"), ("references/a.md", "x"));
        _folder.WriteSkill("orders", "---\nname: orders\ndescription: Of another agent.\n---\nText");
        File.WriteAllText(Path.Combine(_folder.SkillsFolder, "secret.txt"), "secret");
        var tool = new SkillTool(_folder.LoadSkills());

        Assert.Throws<ToolException>(() => tool.Read(Context("refunds"), skill, file));
    }

    [Fact]
    public void Long_text_is_read_in_parts()
    {
        _folder.WriteSkill("long", $"---\nname: long\ndescription: Long.\n---\n{new string('x', SkillTool.PageLength - 1)}😀end");
        var tool = new SkillTool(_folder.LoadSkills());

        Assert.EndsWith($"x\n[There is more: go on with offset {SkillTool.PageLength - 1} of {SkillTool.PageLength + 4}.]", tool.Read(Context("long"), "long"), StringComparison.Ordinal);
        Assert.Equal("😀end", tool.Read(Context("long"), "long", offset: SkillTool.PageLength - 1));
        Assert.Throws<ToolException>(() => tool.Read(Context("long"), "long", offset: -1));
        Assert.Throws<ToolException>(() => tool.Read(Context("long"), "long", offset: int.MaxValue));
    }

    [Theory]
    [InlineData("---\nname: other\ndescription: x\n---", "skills/refunds/SKILL.md:2: name: Must be the name of its folder, refunds.")]
    [InlineData("---\nname: Refunds\ndescription: x\n---", "skills/refunds/SKILL.md:2: name: Is required: 1 to 64 of a-z, 0-9 and single hyphens between them.")]
    [InlineData("---\nname: refunds\n---", "skills/refunds/SKILL.md:1: description: Is required: 1 to 1024 characters that say what the skill is for and when to use it.")]
    [InlineData("---\nname: refunds\ndescription: x\ntools: y\n---", "skills/refunds/SKILL.md:4: tools: There is no such field. Known are allowed-tools, compatibility, description, license, metadata, name.")]
    [InlineData("Text", "skills/refunds/SKILL.md:1: The file must begin with a line of three dashes, then YAML, then another such line.")]
    public void Mistake_is_named_with_file_and_line(string text, string problem)
    {
        _folder.WriteSkill("refunds", text);

        Assert.Equal([problem], Problems());
    }

    [Fact]
    public void Skill_without_its_file_or_with_too_much_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(_folder.SkillsFolder, "a-empty"));
        _folder.WriteSkill("b-large", "---\nname: b-large\ndescription: x\n---", ("big.txt", new string('x', SkillFiles.MaxFileBytes + 1)));
        _folder.WriteSkill("c-deep", "---\nname: c-deep\ndescription: x\n---", ("1/2/3/4/5.txt", "x"));
        _folder.WriteSkill("d-many", "---\nname: d-many\ndescription: x\n---", [.. Enumerable.Range(0, SkillFiles.MaxFiles + 1).Select(index => ($"f{index}", "x"))]);

        Assert.Equal(
            [
                "skills/a-empty/SKILL.md:1: There is no such file: a skill is a folder that has it.",
                "skills/b-large/SKILL.md:1: big.txt: A file has at most 256 KiB.",
                "skills/c-deep/SKILL.md:1: 1/2/3/4/: At most 4 folders in one another.",
                "skills/d-many/SKILL.md:1: There may be at most 64 files beside SKILL.md.",
            ],
            Problems());
    }

    [Fact]
    public void Link_that_leads_out_of_the_folder_is_refused()
    {
        _folder.WriteSkill("refunds", "---\nname: refunds\ndescription: x\n---");
        File.CreateSymbolicLink(Path.Combine(_folder.SkillsFolder, "refunds", "out.txt"), Path.Combine(Path.GetTempPath(), "secret.txt"));
        Directory.CreateSymbolicLink(Path.Combine(_folder.SkillsFolder, "outside"), _folder.Folder);

        Assert.Equal(
            ["skills/outside/SKILL.md:1: Links are not followed.", "skills/refunds/SKILL.md:1: out.txt: Links are not followed."],
            Problems());
    }

    [Fact]
    public void File_that_is_no_text_is_said_to_be_none()
    {
        _folder.WriteSkill("refunds", "---\nname: refunds\ndescription: x\n---");
        File.WriteAllBytes(Path.Combine(_folder.SkillsFolder, "refunds", "logo.png"), [0x89, 0xff]);
        var tool = new SkillTool(_folder.LoadSkills());

        Assert.Equal("The file is not text in UTF-8.", Assert.Throws<ToolException>(() => tool.Read(Context("refunds"), "refunds", "logo.png")).Message);
    }

    [Fact]
    public void Agent_names_skills_that_there_are()
    {
        _folder.WriteSkill("refunds", "---\nname: refunds\ndescription: x\n---");
        _folder.Write("one.agent.md", "skills:\n  - refunds\n  - orders", "Do.");

        Assert.Equal(["agents/one.agent.md:4: skills[1]: There is no skill \"orders\". Skills: refunds."], _folder.Problems());
    }

    private IReadOnlyList<string> Problems() => [.. Assert.Throws<OptionsValidationException>(_folder.LoadSkills().Validate).Failures];

    private static ToolContext Context(params string[] skills) => new()
    {
        RunId = "run_1", CallId = "t1c0", Caller = new Caller(new Owner("t", "u"), new HashSet<string>()), Deadline = DateTimeOffset.MaxValue, Skills = skills,
    };
}
