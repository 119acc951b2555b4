using Microsoft.Extensions.AI;

namespace Yggdrasil.Functions.Http.Segments;

internal enum InputKind
{
    Message,

    /// <summary>A call that the model made.</summary>
    Call,

    /// <summary>What the caller says of such a call.</summary>
    Output,

    /// <summary>A call of an agent's own tool, with its result if it has one.</summary>
    OwnCall,

    /// <summary>A decision about a call.</summary>
    Approval,

    /// <summary>An item of a response, by its id.</summary>
    Reference,
}

/// <summary>An item of a request.</summary>
/// <param name="Place">Where it stands, for messages of what is wrong with it.</param>
/// <param name="Id">Of the call, or of what it refers to.</param>
/// <param name="Name">Of the tool.</param>
/// <param name="Text">Arguments, or a result, or a reason.</param>
/// <param name="Role">Of a message.</param>
/// <param name="Approves">For a decision.</param>
/// <param name="HasFailed">For what the caller says of a call: it came to nothing.</param>
internal sealed record InputItem(
    InputKind Kind, string Place, string Id = "", string Name = "", string? Text = null, ChatRole Role = default, string? Result = null, bool Approves = false,
    bool HasFailed = false)
{
    /// <summary>It answers something that a run waits for.</summary>
    public bool IsAnswer => Kind is InputKind.Output or InputKind.Approval;
}
