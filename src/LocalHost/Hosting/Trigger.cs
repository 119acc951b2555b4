namespace Yggdrasil.LocalHost.Hosting;

/// <summary>What starts a function.</summary>
/// <param name="BindingType">The name host metadata gives it, such as <c>httpTrigger</c>.</param>
internal abstract record Trigger(string BindingType);

/// <param name="Route">As written, without the route prefix; the function's name where none is written.</param>
/// <param name="Methods">In upper case; empty means all.</param>
internal sealed record HttpTrigger(string Route, IReadOnlyList<string> Methods) : Trigger("httpTrigger");

/// <param name="QueueName">As written; may hold a <c>%Setting%</c>.</param>
/// <param name="Connection">The setting that holds the storage account's connection string.</param>
internal sealed record QueueTrigger(string QueueName, string Connection) : Trigger("queueTrigger");

/// <param name="Schedule">A crontab expression or <c>%Setting%</c>.</param>
/// <param name="RunOnStartup">Also fires when the host starts.</param>
/// <param name="UseMonitor">The function is told the last and next occurrence.</param>
internal sealed record TimerTrigger(string Schedule, bool RunOnStartup, bool UseMonitor) : Trigger("timerTrigger");

/// <param name="Orchestration">The name orchestrations are scheduled by.</param>
internal sealed record OrchestrationTrigger(string Orchestration) : Trigger("orchestrationTrigger");

/// <param name="Activity">The name orchestrators call.</param>
internal sealed record ActivityTrigger(string Activity) : Trigger("activityTrigger");
