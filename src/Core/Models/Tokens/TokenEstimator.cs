using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Tokens;

/// <summary>How many input tokens a model call will take, before it is made.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>Text, tool calls and results, tool declarations and the response schema are counted as <see cref="TokenEncoding"/> says.</item>
/// <item>A message adds 4 tokens and a tool 8, for what separates them: what OpenAI's models take, within one or two.</item>
/// <item>An image, or any other content that is no text, is taken for 1,600 tokens: the most that Anthropic counts for an image.</item>
/// <item>Of more than 64 Ki characters an even sample of that size is counted, and the rest taken to be like it. So an estimate
/// takes at most about a tenth of a second on one core, whatever anybody sends; on ordinary text, a few milliseconds.</item>
/// </list>
/// What the provider reports afterwards is the truth; this only reserves.
/// </remarks>
public static class TokenEstimator
{
    internal const int TokensPerMessage = 4;
    internal const int TokensPerTool = 8;
    internal const int TokensPerAttachment = 1600;

    /// <summary>Characters that are encoded; more are sampled.</summary>
    internal const int MaxEncoded = 64 * 1024;

    /// <param name="model">Whose tokens are counted.</param>
    /// <param name="messages">The whole prompt, system messages included where they are not in <paramref name="instructions"/>.</param>
    /// <param name="tools">What the model is told it may call.</param>
    /// <param name="instructions">The system prompt, where it is not among the messages.</param>
    /// <param name="responseSchema">The JSON schema of the answer, if there is one.</param>
    /// <returns>Tokens, rounded up.</returns>
    public static long Estimate(
        ModelId model, IEnumerable<ChatMessage> messages, IEnumerable<AITool> tools, string? instructions, JsonElement? responseSchema = null)
    {
        List<string> texts = [];
        long fixedTokens = 0;
        if (!string.IsNullOrEmpty(instructions))
        {
            texts.Add(instructions);
            fixedTokens += TokensPerMessage;
        }

        foreach (var message in messages)
        {
            fixedTokens += TokensPerMessage;
            foreach (var content in message.Contents)
            {
                fixedTokens += Collect(content, texts);
            }
        }

        foreach (var tool in tools)
        {
            fixedTokens += TokensPerTool;
            Collect(tool, texts);
        }

        if (responseSchema is { } schema)
        {
            texts.Add(schema.GetRawText());
        }

        return fixedTokens + (long)Math.Ceiling(Count(TokenEncoding.Of(model), texts));
    }

    /// <returns>The tokens of what is no text.</returns>
    private static int Collect(AIContent content, List<string> texts)
    {
        switch (content)
        {
            case TextContent text:
                texts.Add(text.Text);
                return 0;
            case TextReasoningContent reasoning:
                texts.Add(reasoning.Text);
                return 0;
            case FunctionCallContent call:
                texts.Add(call.Name);
                texts.Add(Written(call.Arguments));
                return 0;
            case FunctionResultContent result:
                texts.Add(result.Result as string ?? Written(result.Result));
                return 0;
            case ErrorContent error:
                texts.Add(error.Message);
                return 0;
            default:
                return TokensPerAttachment;
        }
    }

    /// <summary>What cannot be written as JSON cannot have been sent either.</summary>
    private static string Written(object? value)
    {
        try
        {
            return JsonSerializer.Serialize(value, AIJsonUtilities.DefaultOptions);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return "";
        }
    }

    private static void Collect(AITool tool, List<string> texts)
    {
        texts.Add(tool.Name);
        texts.Add(tool.Description);
        if (tool is AIFunctionDeclaration function)
        {
            texts.Add(function.JsonSchema.GetRawText());
        }
    }

    private static double Count(TokenEncoding encoding, List<string> texts)
    {
        var total = texts.Sum(text => (long)text.Length);
        var stride = (total + MaxEncoded - 1) / MaxEncoded;
        long index = 0, counted = 0;
        double tokens = 0;
        foreach (var text in texts)
        {
            var rest = text.AsSpan();
            while (!rest.IsEmpty)
            {
                var piece = rest[..PieceLength(rest)];
                rest = rest[piece.Length..];
                if (index++ % stride == 0)
                {
                    tokens += encoding.Count(piece);
                    counted += piece.Length;
                }
            }
        }

        return counted == 0 ? 0 : tokens * total / counted;
    }

    /// <summary>Ends a piece before a space where there is one in its second half: tokens begin with spaces.</summary>
    private static int PieceLength(ReadOnlySpan<char> text)
    {
        if (text.Length <= TokenEncoding.MaxPiece)
        {
            return text.Length;
        }

        const int Half = TokenEncoding.MaxPiece / 2;
        var space = text.Slice(Half, Half).LastIndexOf(' ');
        if (space >= 0)
        {
            return Half + space;
        }

        return char.IsHighSurrogate(text[TokenEncoding.MaxPiece - 1]) ? TokenEncoding.MaxPiece - 1 : TokenEncoding.MaxPiece;
    }
}
