-- The commonest call, log-metric, under COUNT keys in turn: wrk -s small.lua URL -- BODY_FILE KEY_FORMAT COUNT [close]
local requests, count, turn = {}, 0, 0

function init(args)
  local file = assert(io.open(args[1]))
  local body = file:read("*a")
  file:close()
  count = tonumber(args[3])
  for i = 1, count do
    local headers = {
      ["Content-Type"] = "application/json",
      ["Authorization"] = "Bearer " .. string.format(args[2], i - 1),
      ["User-Agent"] = "mlflow-python-client/3.17.2",
      ["Accept"] = "*/*",
      ["Accept-Encoding"] = "gzip, deflate",
      ["Connection"] = args[4],
    }
    requests[i] = wrk.format("POST", "/api/mlflow/api/2.0/mlflow/runs/log-metric", headers, body)
  end
end

function request()
  turn = turn % count + 1
  return requests[turn]
end
