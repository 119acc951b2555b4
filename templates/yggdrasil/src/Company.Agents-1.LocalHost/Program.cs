using Company.Agents_1;
using Yggdrasil.LocalHost;

return await LocalApp.RunAsync(args, services => services.AddOwnTools(), typeof(OwnTools).Assembly);
