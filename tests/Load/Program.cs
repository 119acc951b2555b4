using Yggdrasil.Load;

return await LoadCommand.InvokeAsync(args);
