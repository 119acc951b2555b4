using Cronos;
using Yggdrasil.Foundation;

namespace Yggdrasil.Agents.Files;

/// <summary>Reads the trigger of an agent's file. What cannot be had here is refused by name.</summary>
internal static class AgentFileTrigger
{
    private const string DefaultInput = "The time of your schedule has come. Do what your instructions say.";

    // That of prompts: the app has no other queue that a message of anybody's can start a run from.
    private const string Queue = "prompts";

    private const string Storage = "AzureWebJobsStorage";
    private const int MaxInputLength = 32 * 1024;

    public static AgentTimer? Read(YamlFields? trigger, string agentId, AgentFileOptions options)
    {
        if (trigger is null)
        {
            return null;
        }

        var type = trigger.Text("type");
        var args = trigger.Object("args");
        trigger.RejectOthers();
        switch (type)
        {
            case "http_trigger" or "http":
                ReadHttp(args);
                return null;
            case "queue_trigger" or "queue":
                ReadQueue(trigger, args);
                return null;
            case "timer_trigger" or "timer":
                return ReadTimer(trigger, args, agentId, options);
            default:
                trigger.Fault("type", $"Must be http_trigger, timer_trigger or queue_trigger{(type is null ? "" : ": no other starts runs here")}.");
                return null;
        }
    }

    /// <summary>Every agent has its routes; who may call them is what the app's authentication says.</summary>
    private static void ReadHttp(YamlFields? args)
    {
        if (args is null)
        {
            return;
        }

        args.Text("route");
        if (args.Has("methods") && args.Texts("methods") is var methods && (methods.Count != 1 || !methods[0].Text.Equals("post", StringComparison.OrdinalIgnoreCase)))
        {
            args.Fault("methods", "Must be [POST]: agents are run by POST alone.");
        }

        foreach (var name in (string[])["auth_level", "http_auth"])
        {
            if (args.Has(name) && args.Text(name) is not "function")
            {
                args.Fault(name, "Must be function, or be left out: who may run agents is decided by the settings Auth__….");
            }
        }

        args.RejectOthers();
    }

    private static void ReadQueue(YamlFields trigger, YamlFields? args)
    {
        if (args is null)
        {
            trigger.Fault("args", $"Is required: queue_name, which must be {Queue}.");
            return;
        }

        if (args.Text("queue_name") != Queue)
        {
            args.Fault("queue_name", $"Must be {Queue}: the app reads no other queue. Its messages name the agent (docs/guide.md, \"Prompts from a queue\").");
        }

        if (args.Text("connection") is not (null or Storage))
        {
            args.Fault("connection", $"Must be {Storage}.");
        }

        args.RejectOthers();
    }

    private static AgentTimer? ReadTimer(YamlFields trigger, YamlFields? args, string agentId, AgentFileOptions options)
    {
        if (options.RunAs.User is null)
        {
            trigger.Fault("type", "A timer starts runs of a user: set AgentFiles__RunAs__Tenant and AgentFiles__RunAs__User.");
        }

        if (args is null)
        {
            trigger.Fault("args", "Is required: schedule, a cron expression.");
            return null;
        }

        if (args.Flag("run_on_startup") == true)
        {
            args.Fault("run_on_startup", "Must be false: the app starts more than once, on each instance.");
        }

        var catchUp = args.Flag("use_monitor") ?? true;
        var zone = args.Text("time_zone") ?? "UTC";
        if (!IanaTimeZones.TryFind(zone, out _))
        {
            args.Fault("time_zone", "Must be an IANA time zone, such as Europe/Oslo.");
        }

        var input = args.Text("input") ?? DefaultInput;
        if (input.Length is 0 or > MaxInputLength)
        {
            args.Fault("input", $"Must have 1 to {MaxInputLength} characters.");
        }

        var cron = ReadSchedule(args);
        args.RejectOthers();
        return cron is null ? null : new AgentTimer(agentId, cron, zone, input, catchUp);
    }

    /// <summary>Five fields; of six, which begin with seconds, the other five.</summary>
    private static string? ReadSchedule(YamlFields args)
    {
        var parts = (args.Text("schedule") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts is [not "0", _, _, _, _, _])
        {
            args.Fault("schedule", "Seconds must be 0: runs of a schedule are at least a minute apart.");
            return null;
        }

        var cron = string.Join(' ', parts.Length == 6 ? parts[1..] : parts);
        if (cron.Length <= 100 && parts.Length is 5 or 6 && CronExpression.TryParse(cron, CronFormat.Standard, out _))
        {
            return cron;
        }

        args.Fault("schedule", "Must be a cron expression of five fields, or of six with seconds first, such as 0 0 7 * * *.");
        return null;
    }
}
