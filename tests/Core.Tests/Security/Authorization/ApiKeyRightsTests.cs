using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Tests.Security.Authorization;

/// <summary>What a key leaves of its user's rights.</summary>
public sealed class ApiKeyRightsTests
{
    private static readonly Owner Alice = new("contoso", "alice");
    private static readonly AgentResource Own = new(Alice);

    public static TheoryData<bool, string?, string, string> Rights => new()
    {
        // may run, the agents it is for, what is asked, outcome
        { true, null, "read agent", "" },
        { true, null, "run agent", "" },
        { true, null, "write agent", "forbidden" },
        { true, null, "read run", "" },
        { true, null, "control run", "" },
        { true, null, "approve run", "" },
        { true, null, "read conversation", "" },
        { true, null, "delete conversation", "" },
        { true, null, "control batch", "" },
        { false, null, "read agent", "" },
        { false, null, "run agent", "forbidden" },
        { false, null, "read run", "" },
        { false, null, "control run", "forbidden" },
        { false, null, "approve run", "forbidden" },
        { false, null, "read conversation", "" },
        { false, null, "delete conversation", "forbidden" },
        { false, null, "control batch", "forbidden" },
        { true, "a", "run agent", "" },
        { true, "a", "write agent", "forbidden" },
        { true, "a", "control run", "" },
        { true, "a", "control batch", "" },
        { true, "b", "read agent", "not_found" },
        { true, "b", "run agent", "not_found" },
        { true, "b", "write agent", "not_found" },
        { true, "b", "read run", "not_found" },
        { true, "b", "control run", "not_found" },
        { true, "b", "approve run", "not_found" },
        { true, "b", "read conversation", "not_found" },
        { true, "b", "delete conversation", "not_found" },
        { true, "b", "control batch", "not_found" },
        { false, "b", "control run", "not_found" },
        { false, "b", "delete conversation", "not_found" },
    };

    [Theory]
    [MemberData(nameof(Rights))]
    public void Key_narrows_the_rights_of_its_user(bool canRun, string? agent, string asked, string outcome)
    {
        var key = Key(canRun, agent);
        Action act = asked switch
        {
            "read agent" => () => AccessPolicy.Require(key, AgentAction.Read, Own, "a"),
            "run agent" => () => AccessPolicy.Require(key, AgentAction.Run, Own, "a"),
            "write agent" => () => AccessPolicy.Require(key, AgentAction.Write, Own, "a"),
            "read run" => () => AccessPolicy.Require(key, RunAction.Read, Alice, "a", "run_1"),
            "control run" => () => AccessPolicy.Require(key, RunAction.Control, Alice, "a", "run_1"),
            "approve run" => () => AccessPolicy.Require(key, RunAction.Approve, Alice, "a", "run_1"),
            "read conversation" => () => AccessPolicy.Require(key, ConversationAction.Read, Alice, "a", "c"),
            "delete conversation" => () => AccessPolicy.Require(key, ConversationAction.Delete, Alice, "a", "c"),
            "control batch" => () => AccessPolicy.RequireBatch(key, RunAction.Control, Alice, "a", "batch_1"),
            _ => throw new ArgumentOutOfRangeException(nameof(asked)),
        };

        var problem = Record.Exception(act) as ProblemException;

        Assert.Equal(outcome, problem?.Code ?? "");
    }

    [Fact]
    public void Key_for_some_agents_approves_no_runs_of_other_users()
    {
        var bob = new Owner("contoso", "bob");
        string[] approvers = ["user:alice"];

        Assert.Equal(Access.Allowed, AccessPolicy.Decide(Key(canRun: true, agent: null), RunAction.Approve, bob, "a", approvers));
        Assert.Equal(Access.Invisible, AccessPolicy.Decide(Key(canRun: true, "a"), RunAction.Approve, bob, "a", approvers));
    }

    [Fact]
    public void Work_that_was_let_in_goes_on_without_the_scope_and_with_the_limits()
    {
        var work = Key(canRun: true, "b").ForWork();

        Assert.True(AccessPolicy.IsInScope(work, "a"));
        Assert.Equal(("key_1", 7), (work.Key!.Id, work.Key.RequestsPerMinute));
    }

    [Fact]
    public void Key_does_nothing_that_a_person_does() =>
        Assert.Throws<ForbiddenException>(() => AccessPolicy.RequireToken(Key(canRun: true, agent: null)));

    private static Caller Key(bool canRun, string? agent) => new(Alice, new HashSet<string>())
    {
        Key = new CallerKey("key_1")
        {
            Scope = new KeyScope(canRun, agent is null ? null : new HashSet<string> { agent }),
            RequestsPerMinute = 7,
        },
    };
}
