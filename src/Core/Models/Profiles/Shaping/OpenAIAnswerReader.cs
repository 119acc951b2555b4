using System.Text;
using Microsoft.Extensions.AI;
using OpenAI.Chat;

// SCME0001: fields that OpenAI's own API does not have are only in the patches of the package's types.
#pragma warning disable SCME0001

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Reads what the adapter of OpenAI's package drops: arguments as written, signatures of calls and of text, details of reasoning.</summary>
internal sealed class OpenAIAnswerReader(ProviderProfile profile, string model) : AnswerReader(model)
{
    private readonly string _model = model;
    private readonly ReasoningDetails? _details = profile.ReturnedReasoning == ReturnedReasoning.Details ? new() : null;

    // Of a stream, in the order of their first pieces, which is the order the adapter tells of them in at the end.
    private Dictionary<int, StreamedCall>? _calls;
    private Queue<StreamedCall>? _told;

    public override void Read(ChatResponse response)
    {
        base.Read(response);
        if (_details is not null && response.RawRepresentation is ChatCompletion completion
            && completion.Patch.TryGetJson("$.choices[0].message.reasoning_details"u8, out var details))
        {
            _details.Add(details);
            AddDetails(response.Messages[^1].Contents);
        }

        if (response.RawRepresentation is ChatCompletion signed && signed.Patch.TryGetJson("$.choices[0].message.extra_content"u8, out var extra))
        {
            Sign(response.Messages[^1].Contents, extra);
        }
    }

    public override void Read(ChatResponseUpdate update)
    {
        if (update.RawRepresentation is StreamingChatCompletionUpdate piece)
        {
            foreach (var call in piece.ToolCallUpdates ?? [])
            {
                Note(call);
            }

            if (_details is not null && piece.Patch.TryGetJson("$.choices[0].delta.reasoning_details"u8, out var details))
            {
                _details.Add(details);
            }

            if (piece.Patch.TryGetJson("$.choices[0].delta.extra_content"u8, out var extra))
            {
                Sign(update.Contents, extra);
            }
        }

        base.Read(update);
        if (_details is not null && (_calls is null ? update.FinishReason is not null : update.Contents.Any(content => content is FunctionCallContent)))
        {
            AddDetails(update.Contents);
        }
    }

    protected override string? TextOf(FunctionCallContent call)
    {
        if (call.RawRepresentation is ChatToolCall whole)
        {
            if (whole.Patch.TryGetJson(ExtraContent.Path, out var extra))
            {
                ExtraContent.Note(call, extra);
            }

            return whole.FunctionArguments?.ToString() ?? "";
        }

        // The adapter leaves out calls without a name.
        _told ??= new Queue<StreamedCall>((_calls?.Values ?? Enumerable.Empty<StreamedCall>()).Where(streamed => !string.IsNullOrWhiteSpace(streamed.Name)));
        if (!_told.TryDequeue(out var told))
        {
            return null;
        }

        if (told.Extra is { } signed)
        {
            ExtraContent.Note(call, signed);
        }

        return told.Arguments?.ToString() ?? "";
    }

    private void Note(StreamingChatToolCallUpdate piece)
    {
        _calls ??= [];
        if (!_calls.TryGetValue(piece.Index, out var call))
        {
            _calls[piece.Index] = call = new StreamedCall();
        }

        call.Name ??= piece.FunctionName;
        if (piece.FunctionArgumentsUpdate is { } arguments && !arguments.ToMemory().IsEmpty)
        {
            (call.Arguments ??= new StringBuilder()).Append(arguments);
        }

        if (piece.Patch.TryGetJson(ExtraContent.Path, out var extra))
        {
            call.Extra = extra;
        }
    }

    private void AddDetails(IList<AIContent> contents)
    {
        if (_details?.ToJson() is not { } details)
        {
            return;
        }

        // With the protected part of reasoning: so it stays with it, stored and merged.
        Add(contents, details);
    }

    /// <summary>Keeps what of a message beside its calls is signed: <see cref="ExtraContent.OfMessage"/> tells it from details.</summary>
    private void Sign(IList<AIContent> contents, ReadOnlyMemory<byte> extra)
    {
        if (ExtraContent.HasSignature(extra))
        {
            Add(contents, Encoding.UTF8.GetString(extra.Span));
        }
    }

    private void Add(IList<AIContent> contents, string signed)
    {
        var reasoning = new TextReasoningContent("") { ProtectedData = signed };
        Provenance.Note(reasoning, _model);
        contents.Add(reasoning);
    }

    private sealed class StreamedCall
    {
        public string? Name { get; set; }

        public StringBuilder? Arguments { get; set; }

        public ReadOnlyMemory<byte>? Extra { get; set; }
    }
}
