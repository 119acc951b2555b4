namespace Yggdrasil.Contract.Tests;

/// <summary>The routes that name something of a user's, by what they name: each is attacked by <see cref="TenancyTests"/>.</summary>
internal static class TenancyRoutes
{
    public static readonly string[] AgentRoutes =
    [
        "GET /api/agents/{agent}",
        "PUT /api/agents/{agent}",
        "DELETE /api/agents/{agent}",
        "POST /api/agents/{agent}/runs",
        "POST /api/agents/{agent}/invoke",
        "POST /api/agents/{agent}/chat",
        "POST /ag-ui/{agent}",
        "PUT /api/agents/{agent}/shares/{user}",
        "DELETE /api/agents/{agent}/shares/{user}",
    ];

    public static readonly string[] RunRoutes =
    [
        "GET /api/runs/{id}",
        "GET /api/runs/{id}/steps",
        "GET /api/runs/{id}/events",
        "POST /api/runs/{id}/events/ticket",
        "POST /api/runs/{id}/cancel",
        "POST /api/runs/{id}/suspend",
        "POST /api/runs/{id}/resume",
        "DELETE /api/runs/{id}",
        "POST /api/runs/{id}/approvals/{callId}",
        "POST /api/runs/{id}/tool-results/{callId}",
        "POST /api/runs/{id}/fork",
    ];

    public static readonly string[] ConversationRoutes =
    [
        "GET /api/conversations/{id}",
        "GET /api/conversations/{id}/messages",
        "DELETE /api/conversations/{id}",
    ];

    public static readonly string[] ScheduleRoutes = ["GET /api/schedules/{id}", "PUT /api/schedules/{id}", "DELETE /api/schedules/{id}"];

    public static readonly string[] BatchRoutes =
    [
        "GET /api/batches/{id}",
        "GET /api/batches/{id}/results",
        "POST /api/batches/{id}/cancel",
        "POST /api/batches/{id}/retry",
        "DELETE /api/batches/{id}",
    ];

    public static readonly string[] KeyRoutes = ["GET /api/keys/{id}", "DELETE /api/keys/{id}"];

    /// <summary>Routes that answer 204 for what is not there: <see cref="AiSdkTests"/> attacks them.</summary>
    public static readonly string[] ChatRoutes = ["GET /api/agents/{agent}/chat/{id}/stream"];

    /// <summary>Routes of OpenAI's protocols, whose models are agents and whose responses are runs.</summary>
    public static readonly string[] OpenAIRoutes =
    [
        "GET /v1/models/{id}",
        "GET /v1/responses/{id}",
        "GET /v1/responses/{id}/input_items",
        "POST /v1/responses/{id}/cancel",
        "DELETE /v1/responses/{id}",
    ];

    public static readonly string[] OpenAIConversationRoutes =
    [
        "GET /v1/conversations/{id}",
        "POST /v1/conversations/{id}",
        "DELETE /v1/conversations/{id}",
        "GET /v1/conversations/{id}/items",
        "POST /v1/conversations/{id}/items",
        "GET /v1/conversations/{id}/items/{item}",
    ];

    /// <summary>Routes that name nothing of a user's: what they name is refused to all but admins and operators.</summary>
    public static readonly string[] AdminRoutes = ["/api/users/", "/api/errors/", "/api/poison/", "/api/mcp/servers/"];

    /// <summary>Answers browsers what they may ask, and nothing of anybody's.</summary>
    public const string Preflight = "OPTIONS /{*path}";
}
