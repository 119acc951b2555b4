using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Conversations;

internal static class ConversationServices
{
    public static void AddConversations(this IServiceCollection services)
    {
        services.AddSingleton<ConversationStore>();
        services.AddSingleton<ConversationMetadata>();
        services.AddSingleton<ConversationMemory>();
        services.AddSingleton<ConversationStarts>();
        services.AddSingleton<ConversationLog>();
        services.AddSingleton<HistoryCache>();
        services.AddSingleton<ConversationRemoval>();
        services.AddSingleton<ConversationSummarizer>();
        services.AddSingleton<ContextWindow>();
        services.AddSingleton<ConversationQueue>();
        services.AddSingleton<IRunCompanion, ConversationCompanion>();
        services.AddOwn<ConversationService>();
        services.AddOwn<ConversationEditing>();
    }
}
