namespace Yggdrasil.Functions;

/// <summary>Your own tools go here: <c>services.AddAgentTools&lt;OrderTools&gt;();</c>. Both hosts call this.</summary>
internal static class YggdrasilTools
{
    public static IServiceCollection AddOwnTools(this IServiceCollection services) => services;
}
