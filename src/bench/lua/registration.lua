-- The 22 calls of one small log_model and register_model, again and again: wrk -s registration.lua URL -- KEY
-- Methods, paths and sizes are those of a real client; the bodies are filled up to their size.
local model = "m-0123456789abcdef0123456789abcdef"
local files = "api/2.0/mlflow-artifacts/artifacts/1/models/" .. model .. "/artifacts/"
local calls = {
  { "GET", "api/2.0/mlflow/experiments/get-by-name?experiment_name=demo" },
  { "POST", "api/2.0/mlflow/runs/create", 225 },
  { "POST", "api/2.0/mlflow/runs/log-batch", 114 },
  { "POST", "api/2.0/mlflow/runs/log-metric", 159 },
  { "GET", "api/2.0/mlflow/runs/get?run_id=0123456789abcdef0123456789abcdef" },
  { "POST", "api/2.0/mlflow/logged-models", 315 },
  { "POST", "api/2.0/mlflow/runs/outputs", 121 },
  { "GET", "api/2.0/mlflow/metrics/get-history?run_id=0123456789abcdef0123456789abcdef&metric_key=rmse" },
  { "POST", "api/2.0/mlflow/runs/log-batch", 176 },
  { "GET", "api/2.0/mlflow/logged-models/" .. model },
  { "PUT", files .. "requirements.txt", 60 },
  { "PUT", files .. "MLmodel", 600 },
  { "PUT", files .. "python_env.yaml", 114 },
  { "PUT", files .. "conda.yaml", 100 },
  { "PUT", files .. "model.pkl", 800 },
  { "PATCH", "api/2.0/mlflow/logged-models/" .. model, 82 },
  { "POST", "api/2.0/mlflow/registered-models/create", 22 },
  { "POST", "api/2.0/mlflow/model-versions/create", 128 },
  { "GET", "api/2.0/mlflow/logged-models/" .. model },
  { "PATCH", "api/2.0/mlflow/logged-models/" .. model .. "/tags", 148 },
  { "GET", "api/2.0/mlflow/model-versions/get?name=demo&version=1" },
  { "POST", "api/2.0/mlflow/runs/update", 143 },
}
local requests, turn = {}, 0

local function filled(size)
  return size and '{"x":"' .. string.rep("x", size - 8) .. '"}'
end

function init(args)
  for i, call in ipairs(calls) do
    local method, path, size = call[1], call[2], call[3]
    local headers = {
      ["Content-Type"] = size and (method == "PUT" and "application/octet-stream" or "application/json"),
      ["Authorization"] = "Bearer " .. args[1],
      ["User-Agent"] = "mlflow-python-client/3.17.2",
      ["Accept"] = "*/*",
      ["Accept-Encoding"] = "gzip, deflate",
    }
    requests[i] = wrk.format(method, "/api/mlflow/" .. path, headers, filled(size))
  end
end

function request()
  turn = turn % #calls + 1
  return requests[turn]
end
