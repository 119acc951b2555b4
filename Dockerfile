# syntax=docker/dockerfile:1
# The app on the genuine Functions host. For Azure itself no image is needed: see azure.yaml.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
# Packages first, so that a change of sources does not restore them again.
COPY .editorconfig global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY src/Directory.Build.props src/
COPY src/Core/Core.csproj src/Core/
COPY src/Functions/Functions.csproj src/Functions/
RUN dotnet restore src/Functions/Functions.csproj
COPY src/Core/ src/Core/
COPY src/Functions/ src/Functions/
RUN dotnet publish src/Functions/Functions.csproj --configuration Release --no-restore --output /app

FROM mcr.microsoft.com/azure-functions/dotnet-isolated:4-dotnet-isolated10.0
# Below 1024 only root may listen.
ENV ASPNETCORE_URLS=http://+:8080 \
    AzureWebJobsScriptRoot=/home/site/wwwroot \
    HOME=/tmp \
    AzureWebJobsDisableHomepage=true \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true
COPY --from=build /app /home/site/wwwroot
# What the host writes beside storage: its logs, a cache of keys, and /tmp. All else may be read-only, as in compose and Kubernetes.
RUN mkdir -p /home/data /home/LogFiles /home/ASP.NET && chown -R 1654:1654 /home/data /home/LogFiles /home/ASP.NET && chown 1654:1654 /home
USER 1654:1654
EXPOSE 8080
# The image has neither curl nor wget, but bash speaks TCP.
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /live HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
