using Yggdrasil.Conformance;

return await ConformanceCommand.InvokeAsync(args);
